-- What the migrations beside this folder end in, in the words of PostgreSQL. Texts are compared and ordered by their bytes:
-- the database has the collation C.

CREATE TABLE media (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    -- MediaState of the contract: 1 uploaded (waits), 4 processing (leased), 2 ready, 3 failed. An item that waits is its own
    -- place in the queue.
    state BIGINT NOT NULL,
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
    -- What processing it takes at its peak, in bytes, estimated from its header.
    memory_bytes BIGINT NOT NULL,
    priority BIGINT NOT NULL DEFAULT 0,
    -- 0: as soon as there is a worker. Later: not before this moment.
    next_attempt_at BIGINT NOT NULL DEFAULT 0,
    -- How often a worker has taken it.
    attempts BIGINT NOT NULL DEFAULT 0,
    -- While it is processed: the run of the process that holds it, and until when it does unless it says so again.
    lease_holder BIGINT NOT NULL DEFAULT 0,
    leased_until BIGINT NOT NULL DEFAULT 0,
    failure_code TEXT NOT NULL DEFAULT '',
    failure_cause TEXT NOT NULL DEFAULT '',
    failed_at BIGINT NOT NULL DEFAULT 0,
    -- What the camera wrote of itself, as JSON; empty when it is not known.
    camera TEXT NOT NULL DEFAULT '',
    -- Whether any of an item's holders is open.
    open BOOLEAN NOT NULL DEFAULT FALSE,
    -- The original's bytes are gone or damaged, and its renditions are not: they are served as before.
    original_lost BOOLEAN NOT NULL DEFAULT FALSE,
    -- The original's metadata cannot be taken out of its file: others are given a rendition in its place. Known once somebody
    -- other than its owner asked for it.
    original_unstrippable BOOLEAN NOT NULL DEFAULT FALSE,
    -- The name in the logs of the request that brought the file: the work on it goes on under the same name.
    correlation_id TEXT NOT NULL DEFAULT '',
    -- Which other forms were made of the item's renditions, whether or not they were worth keeping: 1 for WebP, 2 for AVIF, 3
    -- for both.
    alternates_tried BIGINT NOT NULL DEFAULT 0,
    -- The attempts that ended because the server itself failed, and say nothing of the item.
    infra_failures BIGINT NOT NULL DEFAULT 0,
    -- 0 quick, 1 slow, 2 heavy: `rules/lane.rs` says which is which.
    lane BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX media_by_original ON media (original_key);
CREATE INDEX media_twins ON media (owner_id, original_key);
CREATE INDEX media_queue ON media (priority, lane, owner_id, id) WHERE state = 1 AND next_attempt_at = 0;
CREATE INDEX media_paused ON media (next_attempt_at) WHERE state = 1 AND next_attempt_at > 0;
CREATE INDEX media_leased ON media (leased_until, owner_id, lane) WHERE state = 4;
-- A failed item is kept for another time than one that waits for a post.
CREATE INDEX media_unused_by_age ON media (created_at) WHERE NOT attached AND state <> 3;
-- What an account has uploaded and nothing shows is listed for it, newest first, what has failed among it; and counted.
CREATE INDEX media_unattached_by_owner ON media (owner_id, id) WHERE NOT attached;
-- Failed items that still hold bytes, or that nothing shows: those whose time ends.
CREATE INDEX media_failed ON media (failed_at) WHERE state = 3 AND (NOT attached OR original_key <> '');
-- For lists of what has failed, newest first.
CREATE INDEX media_failed_by_id ON media (id) WHERE state = 3;

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

CREATE TABLE alternates (
    media_id BIGINT NOT NULL REFERENCES media (id),
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    key TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (media_id, name, content_type)
);
CREATE INDEX alternates_by_key ON alternates (key);

-- Ready items whose alternates are still to be made.
CREATE TABLE alternate_jobs (
    media_id BIGINT NOT NULL PRIMARY KEY REFERENCES media (id),
    attempts BIGINT NOT NULL,
    -- Whoever takes it moves this to when the next may take it.
    next_attempt_at BIGINT NOT NULL,
    -- The run of the process that has it; 0 when nobody is at it.
    lease_holder BIGINT NOT NULL,
    -- Whose photo it is: accounts are served by turns.
    owner_id BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX alternate_jobs_by_time ON alternate_jobs (next_attempt_at, media_id);
-- The few that somebody is at, among the many that wait.
CREATE INDEX alternate_jobs_leased ON alternate_jobs (lease_holder) WHERE lease_holder <> 0;
CREATE INDEX alternate_jobs_waiting ON alternate_jobs (owner_id, next_attempt_at, media_id) WHERE lease_holder = 0;

-- Ready items whose alternates could not be made, and why: they are served as JPEG alone.
CREATE TABLE alternates_given_up (
    media_id BIGINT NOT NULL PRIMARY KEY REFERENCES media (id),
    attempts BIGINT NOT NULL,
    given_up_at BIGINT NOT NULL,
    cause TEXT NOT NULL
);

CREATE TABLE holders (
    holder TEXT NOT NULL,
    media_id BIGINT NOT NULL REFERENCES media (id),
    -- Whether everyone may see what holds the item.
    open BOOLEAN NOT NULL DEFAULT FALSE,
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

-- Formats that are not taken although they can be read.
CREATE TABLE formats_off (
    content_type TEXT NOT NULL PRIMARY KEY,
    off_at BIGINT NOT NULL
);

-- What each account's items take: bytes of originals, each content counted once, and items.
CREATE TABLE account_usage (
    owner_id BIGINT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL,
    items BIGINT NOT NULL
);

-- Uploads that were taken, by account and minute since 1970; deleting a photo does not take its upload back.
CREATE TABLE upload_minutes (
    owner_id BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    uploads BIGINT NOT NULL,
    PRIMARY KEY (owner_id, minute)
);
CREATE INDEX upload_minutes_by_time ON upload_minutes (minute);

-- Their bytes, by account and hour since 1970.
CREATE TABLE upload_hours (
    owner_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (owner_id, hour)
);
CREATE INDEX upload_hours_by_time ON upload_hours (hour);

-- Processor time that work on an account's photos took, by account and minute since 1970.
CREATE TABLE processor_minutes (
    owner_id BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    milliseconds BIGINT NOT NULL,
    PRIMARY KEY (owner_id, minute)
);
CREATE INDEX processor_minutes_by_time ON processor_minutes (minute);

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

CREATE TABLE outbox (
    position BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    -- What is said about an event beside its payload: a JSON object. See infra/bus/src/headers.rs.
    headers TEXT NOT NULL DEFAULT '{}',
    -- What was published and is kept: see infra/bus/src/outbox.rs.
    published_at BIGINT,
    log_history TEXT,
    log_position BIGINT
);
