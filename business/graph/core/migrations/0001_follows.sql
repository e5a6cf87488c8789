-- Ids are 64 bits. `INTEGER PRIMARY KEY` (BIGINT in PostgreSQL) makes them SQLite's own row key: one tree less.
CREATE TABLE follows (
    id INTEGER PRIMARY KEY,
    follower_id BIGINT NOT NULL,
    followee_id BIGINT NOT NULL,
    show_reblogs BOOLEAN NOT NULL,
    notify BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (follower_id <> followee_id)
);

CREATE UNIQUE INDEX follows_pair ON follows (follower_id, followee_id);

-- Pages of followers and followed are read from these alone.
CREATE INDEX follows_of_followee ON follows (followee_id, id, follower_id, show_reblogs, notify);
CREATE INDEX follows_of_follower ON follows (follower_id, id, followee_id, show_reblogs, notify);

-- Counts, kept in the transactions that change the follows.
CREATE TABLE stats (
    account_id INTEGER PRIMARY KEY,
    followers BIGINT NOT NULL CHECK (followers >= 0),
    following BIGINT NOT NULL CHECK (following >= 0)
);

CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL
);
