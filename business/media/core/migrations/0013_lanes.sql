-- Stills go before what takes long, and each account's processor time is counted.

-- 0 quick, 1 slow, 2 heavy: `queue/lane.rs` says which is which.
ALTER TABLE media ADD COLUMN lane BIGINT NOT NULL DEFAULT 0;
UPDATE media SET lane = 1 WHERE state <> 2 AND (content_type LIKE 'image/hei%' OR content_type = 'image/avif');
UPDATE media SET lane = 2 WHERE state <> 2 AND content_type = 'image/gif';

DROP INDEX media_queue;
CREATE INDEX media_queue ON media (priority, lane, owner_id, id) WHERE state = 1 AND next_attempt_at = 0;
DROP INDEX media_leased;
CREATE INDEX media_leased ON media (leased_until, owner_id, lane) WHERE state = 4;

-- Processor time that work on an account's photos took, by account and minute since 1970.
CREATE TABLE processor_minutes (
    owner_id BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    milliseconds BIGINT NOT NULL,
    PRIMARY KEY (owner_id, minute)
);
CREATE INDEX processor_minutes_by_time ON processor_minutes (minute);

-- Bytes of the uploads that were taken, by account and hour since 1970; deleting a photo does not take them back.
CREATE TABLE upload_hours (
    owner_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (owner_id, hour)
);
CREATE INDEX upload_hours_by_time ON upload_hours (hour);
