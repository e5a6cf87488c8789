-- What happened to cases: the record. Rows are only ever added. The payload is a `CaseEvent` of the contract; the columns
-- beside it are how events are found.
CREATE TABLE case_events (
    case_id BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    payload BLOB NOT NULL,
    PRIMARY KEY (case_id, number)
) WITHOUT ROWID;

-- What the events of each case come to: a read model, which can be thrown away and made again from them. The state is a
-- `Case` of the contract; the columns beside it are how cases are found.
CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    reporter_id BIGINT NOT NULL,
    target_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    resolved BOOLEAN NOT NULL,
    -- The same as a number: 0 for what is open, 1 for what is closed. The list of all cases is found by it and those of an
    -- account are not, or SQLite would look for the few of an account among all.
    queue BIGINT NOT NULL,
    state BLOB NOT NULL
);

CREATE INDEX cases_queue ON cases (queue, id);
CREATE INDEX cases_of_reporter ON cases (reporter_id, resolved, id);
CREATE INDEX cases_of_target ON cases (target_id, resolved, id);
-- How many an account has reported lately.
CREATE INDEX cases_by_day ON cases (reporter_id, created_at);

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
