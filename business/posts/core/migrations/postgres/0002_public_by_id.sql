-- no-transaction
-- Public lists are read in the order of the ids, with which this begins: in posts_public the filtered columns stand first,
-- and a planner does not see that an index is in order behind a column that is NULL throughout.
CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_public_by_id ON posts (id, visibility, domain, in_reply_to_id)
    WHERE visibility = 1 AND domain = '' AND in_reply_to_id IS NULL;
