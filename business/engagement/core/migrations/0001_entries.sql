-- Ids are 64 bits. `INTEGER PRIMARY KEY` (BIGINT in PostgreSQL) makes them SQLite's own row key: one tree less.
CREATE TABLE engagement_entries (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX engagement_entries_of_account ON engagement_entries (account_id, id);

CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL
);
