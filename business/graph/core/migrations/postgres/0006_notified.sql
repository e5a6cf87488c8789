-- no-transaction
-- Of the followers of an account those who want to be told of each of its posts.
CREATE INDEX CONCURRENTLY IF NOT EXISTS follows_notified ON follows (followee_id, id, follower_id, show_reblogs, notify)
    WHERE notify = TRUE;
