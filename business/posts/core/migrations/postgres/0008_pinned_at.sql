-- Since when a post is on top of its author's page.
ALTER TABLE posts ADD COLUMN pinned_at BIGINT;
