-- What an account does with notifications of those whom it may not expect. One that never said has no row. An action is the
-- number of the contract.
CREATE TABLE policies (
    account_id INTEGER PRIMARY KEY,
    for_not_following BIGINT NOT NULL,
    for_not_followers BIGINT NOT NULL,
    for_new_accounts BIGINT NOT NULL,
    for_private_mentions BIGINT NOT NULL,
    for_limited_accounts BIGINT NOT NULL
);

-- Notifications that are held by it. They are no part of the others: one that floods an account with them pushes out nothing
-- that it was told.
CREATE TABLE held (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    from_id BIGINT NOT NULL,
    -- 0 for what is about no post.
    post_id BIGINT NOT NULL,
    -- The like, the follow or the post that it comes of.
    source_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX held_once ON held (account_id, kind, from_id, post_id);
CREATE INDEX held_of_account ON held (account_id, id);
-- Requests are read from this alone.
CREATE INDEX held_of_sender ON held (account_id, from_id, id, kind, post_id, created_at);
-- For what is taken back, and for posts that were deleted.
CREATE INDEX held_of_source ON held (source_id);
CREATE INDEX held_of_post ON held (post_id);

-- Of whom an account accepted a request: nothing of theirs is held any more.
CREATE TABLE accepted (
    account_id BIGINT NOT NULL,
    from_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, from_id)
) WITHOUT ROWID;
