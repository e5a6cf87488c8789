-- Whether others may download the photos of a post, and whether camera, lens and exposure are shown. Whoever posted before
-- was not asked.
ALTER TABLE posts ADD COLUMN originals_shared BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE posts ADD COLUMN camera_shown BOOLEAN NOT NULL DEFAULT FALSE;
