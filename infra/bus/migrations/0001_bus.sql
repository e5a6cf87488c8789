-- The log: every event that was published and is still kept, in the order of publishing. AUTOINCREMENT so that no
-- position is ever given twice, not even after the log was trimmed to nothing: cursors point at positions.
CREATE TABLE log (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    published_at BIGINT NOT NULL
);

-- How far each subscription has come: every event up to the position is handled, waits in redelivery or is dead.
CREATE TABLE subscriptions (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Events that failed and will be tried again, and events that wait behind one of those with the same key. It holds
-- copies: the log may be trimmed meanwhile. next_attempt_at is NULL for an event that waits behind another.
CREATE TABLE redelivery (
    subscription TEXT NOT NULL,
    position BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT,
    last_error TEXT NOT NULL,
    PRIMARY KEY (subscription, position)
);
CREATE INDEX redelivery_by_key ON redelivery (subscription, key, position);
CREATE INDEX redelivery_due ON redelivery (subscription, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX redelivery_heads ON redelivery (subscription, key) WHERE next_attempt_at IS NOT NULL;

-- Events that were given up, until an operator replays or drops them.
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    position BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT NOT NULL,
    died_at BIGINT NOT NULL,
    UNIQUE (subscription, position)
);
