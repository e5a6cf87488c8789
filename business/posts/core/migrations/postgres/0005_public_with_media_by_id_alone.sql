-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS posts_public_with_media;
