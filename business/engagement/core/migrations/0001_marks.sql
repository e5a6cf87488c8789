-- Ids are 64 bits. `INTEGER PRIMARY KEY` (BIGINT in PostgreSQL) makes them SQLite's own row key: one tree less.
CREATE TABLE likes (
    id INTEGER PRIMARY KEY,
    post_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX likes_pair ON likes (account_id, post_id);

-- Pages of who likes a post, and of what an account likes, are read from these alone.
CREATE INDEX likes_of_post ON likes (post_id, id, account_id, created_at);
CREATE INDEX likes_of_account ON likes (account_id, id, post_id, created_at);

-- Counts, kept in the transactions that change the likes. A post that nobody likes has no row, or 0.
CREATE TABLE like_counts (
    post_id INTEGER PRIMARY KEY,
    likes BIGINT NOT NULL CHECK (likes >= 0)
);

CREATE TABLE bookmarks (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    post_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX bookmarks_pair ON bookmarks (account_id, post_id);
CREATE INDEX bookmarks_of_account ON bookmarks (account_id, id, post_id, created_at);
-- For the bookmarks of a post that was deleted.
CREATE INDEX bookmarks_of_post ON bookmarks (post_id);

CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    headers TEXT NOT NULL DEFAULT '{}'
);
