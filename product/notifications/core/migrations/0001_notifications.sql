-- Ids are 64 bits. `INTEGER PRIMARY KEY` (BIGINT in PostgreSQL) makes them SQLite's own row key: one tree less.
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    from_id BIGINT NOT NULL,
    -- 0 for what is about no post.
    post_id BIGINT NOT NULL,
    -- The like, the follow or the post that it comes of.
    source_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX notifications_once ON notifications (account_id, kind, from_id, post_id);

-- Pages are read from this alone.
CREATE INDEX notifications_of_account ON notifications (account_id, id, kind, from_id, post_id, created_at);
-- For what is taken back, and for posts that were deleted.
CREATE INDEX notifications_of_source ON notifications (source_id);
CREATE INDEX notifications_of_post ON notifications (post_id);

-- Of which likes, follows and posts this domain has heard, and of which that they are no more. What comes twice, or in
-- another order than it happened, is recognised by it.
CREATE TABLE heard (
    what BIGINT NOT NULL,
    id BIGINT NOT NULL,
    heard_at BIGINT NOT NULL,
    PRIMARY KEY (what, id)
);

CREATE INDEX heard_by_age ON heard (heard_at);

-- How far accounts have read their timelines.
CREATE TABLE markers (
    account_id BIGINT NOT NULL,
    timeline BIGINT NOT NULL,
    last_read_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, timeline)
);
