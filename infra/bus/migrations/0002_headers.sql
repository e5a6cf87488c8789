-- What is said about an event beside its payload: its schema's version, the operation that caused it. A JSON object;
-- events of before have none. See infra/bus/src/headers.rs.
ALTER TABLE log ADD COLUMN headers TEXT NOT NULL DEFAULT '{}';
ALTER TABLE redelivery ADD COLUMN headers TEXT NOT NULL DEFAULT '{}';
ALTER TABLE dead_letters ADD COLUMN headers TEXT NOT NULL DEFAULT '{}';
