-- The hour since the Unix epoch in which the group of a notification began: likes or reshares of one post, or follows, are
-- told as one for twelve hours. 0 for what is told by itself, as all is that was told before.
ALTER TABLE notifications ADD COLUMN group_hour BIGINT NOT NULL DEFAULT 0;
