-- The name in the logs of the request that brought the file: the work on it goes on under the same name.
ALTER TABLE media ADD COLUMN correlation_id TEXT NOT NULL DEFAULT '';
UPDATE media SET correlation_id = lower(hex(randomblob(16))) WHERE state IN (1, 4);
