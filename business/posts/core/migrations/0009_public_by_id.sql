-- Public lists are read in the order of the ids, with which these begin: in those of before the filtered columns stood
-- first, and PostgreSQL does not see that an index is in order behind a column that is NULL throughout.
CREATE INDEX posts_public_by_id ON posts (id, visibility, domain, in_reply_to_id)
    WHERE visibility = 1 AND domain = '' AND in_reply_to_id IS NULL;
CREATE INDEX posts_public_with_media_by_id ON posts (id, visibility, domain, has_media, in_reply_to_id)
    WHERE visibility = 1 AND domain = '' AND has_media = TRUE AND in_reply_to_id IS NULL;
DROP INDEX posts_public;
DROP INDEX posts_public_with_media;
