-- Uploads that are sent in parts.
CREATE TABLE upload_sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    -- Of the whole file.
    bytes BIGINT NOT NULL,
    -- How many bytes are here: where the next part begins.
    position BIGINT NOT NULL,
    description TEXT NOT NULL,
    focus_x DOUBLE PRECISION,
    focus_y DOUBLE PRECISION,
    -- What the client wants told back, as it wrote it.
    metadata TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- What it became; 0 while it is under way.
    media_id BIGINT NOT NULL
);
CREATE INDEX upload_sessions_unfinished ON upload_sessions (owner_id) WHERE media_id = 0;
CREATE INDEX upload_sessions_by_end ON upload_sessions (expires_at);

-- What arrived, each part a blob; together without a gap.
CREATE TABLE upload_parts (
    upload_id BIGINT NOT NULL REFERENCES upload_sessions (id),
    -- Where in the file it begins.
    position BIGINT NOT NULL,
    key TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (upload_id, position)
);
CREATE INDEX upload_parts_by_key ON upload_parts (key);
