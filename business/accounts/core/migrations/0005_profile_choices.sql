-- Whether public posts may be found by their text, and which websites may name the account as an author: a JSON array of
-- domain names.
ALTER TABLE accounts ADD COLUMN indexable BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE accounts ADD COLUMN attribution_domains TEXT NOT NULL DEFAULT '[]';
