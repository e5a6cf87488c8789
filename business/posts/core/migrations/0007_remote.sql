-- Where a post was written: '' for this server, else the domain of another.
ALTER TABLE posts ADD COLUMN domain TEXT NOT NULL DEFAULT '';
-- The name by which servers know a remote post; '' for local ones, whose addresses are made when they are shown.
ALTER TABLE posts ADD COLUMN uri TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX posts_by_uri ON posts (uri) WHERE uri <> '';
-- What a remote server sent as HTML, as it was sent: not to be shown without a sanitizer. Empty for local posts.
ALTER TABLE posts ADD COLUMN content_html TEXT NOT NULL DEFAULT '';

-- Public lists are of this server's posts.
DROP INDEX posts_public;
DROP INDEX posts_public_with_media;
CREATE INDEX posts_public ON posts (visibility, domain, in_reply_to_id, id)
    WHERE visibility = 1 AND domain = '' AND in_reply_to_id IS NULL;
CREATE INDEX posts_public_with_media ON posts (visibility, domain, has_media, in_reply_to_id, id)
    WHERE visibility = 1 AND domain = '' AND has_media = TRUE AND in_reply_to_id IS NULL;
