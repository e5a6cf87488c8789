-- no-transaction
-- What is told as one.
CREATE INDEX CONCURRENTLY IF NOT EXISTS notifications_of_group ON notifications (account_id, kind, post_id, group_hour, id, from_id, created_at)
    WHERE group_hour > 0;
