-- The original's metadata cannot be taken out of its file: others are given a rendition in its place. Known once somebody
-- other than its owner asked for it.
ALTER TABLE media ADD COLUMN original_unstrippable BOOLEAN NOT NULL DEFAULT FALSE;
