-- What was told, on its way to the log. See infra/bus/src/outbox.rs.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    headers TEXT NOT NULL DEFAULT '{}',
    published_at BIGINT,
    log_history TEXT,
    log_position BIGINT
);
