-- no-transaction
-- The version before lists by those of 0002 and 0003 too: its statements are the same.
DROP INDEX CONCURRENTLY IF EXISTS posts_public;
