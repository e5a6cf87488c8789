-- The hashtags of posts, for lists. What a post shows comes from its text.
CREATE TABLE hashtags (
    -- In the form by which hashtags are compared.
    name TEXT NOT NULL,
    post_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    -- As the post first writes it.
    written TEXT NOT NULL,
    PRIMARY KEY (name, post_id)
) WITHOUT ROWID;

CREATE INDEX hashtags_of_author ON hashtags (author_id, name, post_id);

-- Posts from before have their rows made by a job, from the newest down. The row is gone when it is done.
CREATE TABLE hashtag_backfill (
    -- Only posts with ids below this one are left to do.
    below BIGINT NOT NULL
);
INSERT INTO hashtag_backfill (below) SELECT MAX(id) + 1 FROM posts HAVING COUNT(*) > 0;
