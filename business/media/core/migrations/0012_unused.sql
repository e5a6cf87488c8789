-- What an account has uploaded and nothing shows is listed for it, newest first, what has failed among it; and counted.
DROP INDEX media_unused_by_owner;
CREATE INDEX media_unattached_by_owner ON media (owner_id, id) WHERE NOT attached;
