-- Who does not want to be seen by whom.
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY,
    blocker_id BIGINT NOT NULL,
    blockee_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (blocker_id <> blockee_id)
);

CREATE UNIQUE INDEX blocks_pair ON blocks (blocker_id, blockee_id);

-- Pages of whom one blocks are read from this alone.
CREATE INDEX blocks_of_blocker ON blocks (blocker_id, id, blockee_id);

-- Who does not want to see whom.
CREATE TABLE mutes (
    id INTEGER PRIMARY KEY,
    muter_id BIGINT NOT NULL,
    mutee_id BIGINT NOT NULL,
    -- Whether nothing is to be told of them either.
    notifications BOOLEAN NOT NULL,
    -- Until when; NULL for a mute that does not end by itself.
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    CHECK (muter_id <> mutee_id)
);

CREATE UNIQUE INDEX mutes_pair ON mutes (muter_id, mutee_id);

-- Pages of whom one mutes are read from this alone.
CREATE INDEX mutes_of_muter ON mutes (muter_id, id, mutee_id, notifications, expires_at);

-- Those that end, by when they do.
CREATE INDEX mutes_by_end ON mutes (muter_id, expires_at) WHERE expires_at IS NOT NULL;
