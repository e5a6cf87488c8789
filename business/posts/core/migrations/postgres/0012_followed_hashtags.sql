-- Which hashtags accounts follow.
CREATE TABLE followed_hashtags (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    -- In the form by which hashtags are compared.
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX followed_hashtags_pair ON followed_hashtags (account_id, name);

-- Pages of what one follows are read from this alone.
CREATE INDEX followed_hashtags_of_account ON followed_hashtags (account_id, id, name);
