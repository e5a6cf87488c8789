-- The hour since the Unix epoch in which the group of a notification began: likes or reshares of one post, or follows, are
-- told as one for twelve hours. 0 for what is told by itself, as all is that was told before.
ALTER TABLE notifications ADD COLUMN group_hour BIGINT NOT NULL DEFAULT 0;

-- Pages are read from this alone, as from the one before, which has no groups.
CREATE INDEX notifications_by_account ON notifications (account_id, id, kind, from_id, post_id, created_at, group_hour);
DROP INDEX notifications_of_account;

-- What is told as one.
CREATE INDEX notifications_of_group ON notifications (account_id, kind, post_id, group_hour, id, from_id, created_at)
    WHERE group_hour > 0;
