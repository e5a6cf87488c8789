-- Where the bus's log can lose what it has taken, an event stays here for a time after it was published: since when, and
-- where the log has it (set for the furthest of those that are marked together). See infra/bus/src/outbox.rs.
ALTER TABLE outbox ADD COLUMN published_at BIGINT;
ALTER TABLE outbox ADD COLUMN log_history TEXT;
ALTER TABLE outbox ADD COLUMN log_position BIGINT;
