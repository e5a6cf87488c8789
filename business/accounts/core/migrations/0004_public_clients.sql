-- Applications that keep no secret. Those of before have one.
ALTER TABLE applications ADD COLUMN public_client BOOLEAN NOT NULL DEFAULT FALSE;
