CREATE TABLE media (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    -- MediaState of the contract: 1 uploaded, 2 ready, 3 failed.
    state INTEGER NOT NULL,
    failure TEXT NOT NULL,
    content_type TEXT NOT NULL,
    description TEXT NOT NULL,
    focus_x DOUBLE PRECISION NOT NULL,
    focus_y DOUBLE PRECISION NOT NULL,
    blurhash TEXT NOT NULL,
    dominant_color TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    -- Whether a row of `holders` names it; kept with them, for the partial indexes below.
    attached BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    original_key TEXT NOT NULL,
    original_bytes BIGINT NOT NULL,
    -- What processing it takes at its peak, in bytes, reckoned from its header.
    memory_bytes BIGINT NOT NULL,
    -- When and how often a worker was asked for.
    announced_at BIGINT NOT NULL,
    announcements BIGINT NOT NULL
);
CREATE INDEX media_by_original ON media (original_key);
CREATE INDEX media_unattached_by_owner ON media (owner_id) WHERE NOT attached;
CREATE INDEX media_unattached_by_age ON media (created_at) WHERE NOT attached;
CREATE INDEX media_waiting ON media (announced_at) WHERE state = 1;

CREATE TABLE renditions (
    media_id BIGINT NOT NULL REFERENCES media (id),
    name TEXT NOT NULL,
    -- Largest first.
    position BIGINT NOT NULL,
    key TEXT NOT NULL,
    content_type TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (media_id, name)
);
CREATE INDEX renditions_by_key ON renditions (key);

CREATE TABLE holders (
    holder TEXT NOT NULL,
    media_id BIGINT NOT NULL REFERENCES media (id),
    PRIMARY KEY (holder, media_id)
);
CREATE INDEX holders_by_media ON holders (media_id);

-- Blobs that are being written, noted before they are in the store and cleared with the rows that use them.
CREATE TABLE blob_writes (
    id BIGINT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL,
    noted_at BIGINT NOT NULL
);
CREATE INDEX blob_writes_by_key ON blob_writes (key);
CREATE INDEX blob_writes_by_age ON blob_writes (noted_at);

-- Blobs that may have no user any more. Claimed: nothing uses it, nobody may begin to, its bytes are being deleted.
CREATE TABLE blob_deletions (
    key TEXT NOT NULL PRIMARY KEY,
    claimed BOOLEAN NOT NULL,
    queued_at BIGINT NOT NULL
);
CREATE INDEX blob_deletions_by_age ON blob_deletions (queued_at);

CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL
);
