-- Lists of accounts that their owner follows.
CREATE TABLE lists (
    id INTEGER PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    -- 1 for replies to others on the list, 2 to anyone followed, 3 for none.
    replies_policy BIGINT NOT NULL CHECK (replies_policy BETWEEN 1 AND 3),
    -- Whether those who are on it are kept out of the owner's home timeline.
    exclusive BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX lists_of_owner ON lists (owner_id, id);

-- Who is on them, with what of the list is asked for by its owner and an account: how the one stands to the other is read
-- for every page of a timeline.
CREATE TABLE list_members (
    id INTEGER PRIMARY KEY,
    list_id BIGINT NOT NULL,
    owner_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    exclusive BOOLEAN NOT NULL
);

CREATE UNIQUE INDEX list_members_pair ON list_members (list_id, member_id);

-- Pages of who is on a list are read from this alone.
CREATE INDEX list_members_of_list ON list_members (list_id, id, member_id);

-- On which of an owner's lists an account is.
CREATE INDEX list_members_of_owner ON list_members (owner_id, member_id, list_id, exclusive);
