-- When a post was last changed.
ALTER TABLE posts ADD COLUMN edited_at BIGINT;

-- What posts said before they were changed.
CREATE TABLE post_versions (
    post_id BIGINT NOT NULL,
    -- That of the post when it said so.
    revision BIGINT NOT NULL,
    text TEXT NOT NULL,
    sensitive BOOLEAN NOT NULL,
    spoiler_text TEXT NOT NULL,
    -- A JSON array with the id of each photo, in the order of the album, and its alt text then, by turns.
    media TEXT NOT NULL,
    -- How long these texts are together.
    bytes BIGINT NOT NULL,
    -- Since when it said so.
    created_at BIGINT NOT NULL,
    PRIMARY KEY (post_id, revision)
) WITHOUT ROWID;
