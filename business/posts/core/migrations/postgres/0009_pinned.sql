-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_pinned ON posts (author_id, pinned_at) WHERE pinned_at IS NOT NULL;
