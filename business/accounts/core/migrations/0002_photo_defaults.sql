-- The defaults of a new post: whether others may download its photos, and whether camera, lens and exposure are shown.
-- Nobody has asked for either yet.
ALTER TABLE accounts ADD COLUMN default_originals_shared BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE accounts ADD COLUMN default_camera_shown BOOLEAN NOT NULL DEFAULT FALSE;
