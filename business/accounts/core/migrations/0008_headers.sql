-- What is said about an event beside its payload: its schema's version, the operation that caused it. A JSON object;
-- events of before have none. See infra/bus/src/headers.rs.
ALTER TABLE outbox ADD COLUMN headers TEXT NOT NULL DEFAULT '{}';
