-- Whether everyone may see what holds an item, and whether any of an item's holders is open. Rows from before this start
-- closed: their photos are served under signed addresses, as those of private posts are, until something holds them anew.
ALTER TABLE holders ADD COLUMN open BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE media ADD COLUMN open BOOLEAN NOT NULL DEFAULT FALSE;
