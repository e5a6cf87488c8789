-- Where timelines are kept, one row, or none for the tables: what another place held meanwhile lacks what happened
-- since.
CREATE TABLE timeline_place (
    id BIGINT NOT NULL PRIMARY KEY,
    -- Whether it is Redis, or the tables here.
    is_redis BOOLEAN NOT NULL,
    -- Which run of a server, and which of its databases. 0 for the tables.
    run BIGINT NOT NULL,
    -- Random, another one each time that another place begins to be used: what this one had before counts as lost. 0
    -- for the tables.
    epoch BIGINT NOT NULL
);
