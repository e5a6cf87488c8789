-- Posts that are shown again by others, or by their authors. A reshare has an id of the same kind as a post, and stands beside
-- posts in the lists of who made it.
CREATE TABLE reshares (
    id INTEGER PRIMARY KEY,
    author_id BIGINT NOT NULL,
    post_id BIGINT NOT NULL,
    post_author_id BIGINT NOT NULL,
    -- As in the contract: 1 public, 2 unlisted, 3 private.
    visibility BIGINT NOT NULL CHECK (visibility BETWEEN 1 AND 3),
    created_at BIGINT NOT NULL
);

-- Each account reshares a post once.
CREATE UNIQUE INDEX reshares_once ON reshares (author_id, post_id);
CREATE INDEX reshares_of_author ON reshares (author_id, id, visibility, post_id);
CREATE INDEX reshares_of_post ON reshares (post_id, id, visibility);

-- Of those that everyone may see.
ALTER TABLE posts ADD COLUMN reshares_count BIGINT NOT NULL DEFAULT 0;
