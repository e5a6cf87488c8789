-- What whoever runs the place has found out and decided.

-- The original's bytes are gone or damaged, and its renditions are not: they are served as before.
ALTER TABLE media ADD COLUMN original_lost BOOLEAN NOT NULL DEFAULT FALSE;

-- Formats that are not taken although they can be read.
CREATE TABLE formats_off (
    content_type TEXT NOT NULL PRIMARY KEY,
    off_at BIGINT NOT NULL
);

-- For lists of what has failed, newest first.
CREATE INDEX media_failed_by_id ON media (id) WHERE state = 3;
