-- Whether an application has ever got a code or a token. Anyone may register one, so those that have not make room for newer
-- ones after a while. Those of before count as used.
ALTER TABLE applications ADD COLUMN is_used BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX applications_unused ON applications (is_used, created_at) WHERE is_used = FALSE;
