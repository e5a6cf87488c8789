-- Where an account is at home: '' for this server, else the domain of another. Not NULL, which is equal to nothing and would
-- make a unique index allow one local name twice.
--
-- Names are unique within a domain by username_key, whose constraint is there already: of a local account it is the name in
-- lower case, as before, and of a remote one that with "@" and the domain behind it. Neither a name nor a domain holds an
-- "@", so that no two pairs make one key, and what looks for a local name looks where it always did.
ALTER TABLE accounts ADD COLUMN domain TEXT NOT NULL DEFAULT ''
    CHECK (CASE domain WHEN '' THEN instr(username_key, '@') = 0 ELSE username_key = lower(username) || '@' || domain END);
-- The name by which servers know a remote account; '' for local ones, whose addresses are made when they are shown.
ALTER TABLE accounts ADD COLUMN uri TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX accounts_by_uri ON accounts (uri) WHERE uri <> '';
