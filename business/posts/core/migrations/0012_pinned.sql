-- Since when a post is on top of its author's page.
ALTER TABLE posts ADD COLUMN pinned_at BIGINT;
CREATE INDEX posts_pinned ON posts (author_id, pinned_at) WHERE pinned_at IS NOT NULL;
