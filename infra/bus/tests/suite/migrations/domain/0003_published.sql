ALTER TABLE outbox ADD COLUMN published_at BIGINT;
ALTER TABLE outbox ADD COLUMN log_history TEXT;
ALTER TABLE outbox ADD COLUMN log_position BIGINT;
