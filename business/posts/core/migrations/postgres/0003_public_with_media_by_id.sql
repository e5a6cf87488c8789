-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_public_with_media_by_id ON posts (id, visibility, domain, has_media, in_reply_to_id)
    WHERE visibility = 1 AND domain = '' AND has_media = TRUE AND in_reply_to_id IS NULL;
