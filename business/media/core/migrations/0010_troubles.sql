-- How many of an item's attempts ended by trouble of this server, as a full disk, and say nothing of the item.
ALTER TABLE media ADD COLUMN troubles BIGINT NOT NULL DEFAULT 0;
