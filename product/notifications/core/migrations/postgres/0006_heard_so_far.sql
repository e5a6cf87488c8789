-- How far a post was announced to its author's followers: those of follows below this are still to be told, and 0 says
-- that none are. Of everything else that is heard it is 0.
ALTER TABLE heard ADD COLUMN below BIGINT NOT NULL DEFAULT 0;
