-- The work behind photos: its queue, what became of it, the forms made later, and what accounts use of the server.

-- An item that waits is its own place in the queue. States are told by MediaState of the contract: 1 uploaded (waits),
-- 4 processing (leased), 2 ready, 3 failed.
ALTER TABLE media ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
-- 0: as soon as there is a worker. Later: not before this moment.
ALTER TABLE media ADD COLUMN next_attempt_at BIGINT NOT NULL DEFAULT 0;
-- How often a worker has taken it.
ALTER TABLE media ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
-- While it is processed: the run of the process that holds it, and until when it does unless it says so again.
ALTER TABLE media ADD COLUMN lease_holder BIGINT NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN failure_code TEXT NOT NULL DEFAULT '';
ALTER TABLE media ADD COLUMN failure_cause TEXT NOT NULL DEFAULT '';
ALTER TABLE media ADD COLUMN failed_at BIGINT NOT NULL DEFAULT 0;
-- What the camera wrote of itself, as JSON; empty when it is not known.
ALTER TABLE media ADD COLUMN camera TEXT NOT NULL DEFAULT '';

UPDATE media SET failed_at = created_at, failure_code = 'broken' WHERE state = 3;

-- Asking again for a worker is over: the queue is the items.
DROP INDEX media_waiting;
ALTER TABLE media DROP COLUMN announced_at;
ALTER TABLE media DROP COLUMN announcements;

CREATE INDEX media_queue ON media (priority, owner_id, id) WHERE state = 1 AND next_attempt_at = 0;
CREATE INDEX media_paused ON media (next_attempt_at) WHERE state = 1 AND next_attempt_at > 0;
CREATE INDEX media_leased ON media (leased_until, owner_id) WHERE state = 4;
CREATE INDEX media_twins ON media (owner_id, original_key);
-- A failed item is kept for another time than one that waits for a post, and is not counted with those.
DROP INDEX media_unattached_by_owner;
DROP INDEX media_unattached_by_age;
CREATE INDEX media_unused_by_owner ON media (owner_id) WHERE NOT attached AND state <> 3;
CREATE INDEX media_unused_by_age ON media (created_at) WHERE NOT attached AND state <> 3;
-- Failed items that still hold bytes, or that nothing shows: those whose time ends.
CREATE INDEX media_failed ON media (failed_at) WHERE state = 3 AND (NOT attached OR original_key <> '');

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
    lease_holder BIGINT NOT NULL
);
CREATE INDEX alternate_jobs_by_time ON alternate_jobs (next_attempt_at, media_id);

-- What each account's items take: bytes of originals, each content counted once, and items.
CREATE TABLE account_usage (
    owner_id BIGINT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL,
    items BIGINT NOT NULL
);
INSERT INTO account_usage (owner_id, bytes, items)
    SELECT owner_id, SUM(bytes), SUM(items) FROM (
        SELECT owner_id, CASE WHEN original_key = '' THEN 0 ELSE MAX(original_bytes) END AS bytes, COUNT(*) AS items
        FROM media GROUP BY owner_id, original_key
    ) AS contents GROUP BY owner_id;

-- Uploads that were taken, by account and minute since 1970; deleting a photo does not take its upload back.
CREATE TABLE upload_minutes (
    owner_id BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    uploads BIGINT NOT NULL,
    PRIMARY KEY (owner_id, minute)
);
CREATE INDEX upload_minutes_by_time ON upload_minutes (minute);
