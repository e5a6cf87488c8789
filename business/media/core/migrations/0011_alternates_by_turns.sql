-- Whose photo it is: accounts are served by turns.
ALTER TABLE alternate_jobs ADD COLUMN owner_id BIGINT NOT NULL DEFAULT 0;
UPDATE alternate_jobs SET owner_id = (SELECT owner_id FROM media WHERE id = media_id);
CREATE INDEX alternate_jobs_waiting ON alternate_jobs (owner_id, next_attempt_at, media_id) WHERE lease_holder = 0;
