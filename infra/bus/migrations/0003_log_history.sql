-- The log may be somewhere else than in this file, and may be made again there: which history a subscription's position is
-- of, and what was added to the log's own position so that no position is ever given twice. See
-- infra/bus/src/delivery/cursor.rs. The embedded log, the only one until now, has the history '' and counts from 0.
ALTER TABLE subscriptions ADD COLUMN log_history TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN log_base BIGINT NOT NULL DEFAULT 0;
