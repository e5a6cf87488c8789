-- no-transaction
-- Pages are read from this alone, as from notifications_of_account, which has no groups.
CREATE INDEX CONCURRENTLY IF NOT EXISTS notifications_by_account ON notifications (account_id, id, kind, from_id, post_id, created_at, group_hour);
