-- What accounts want to see less of.
CREATE TABLE filters (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    -- One bit for each context: 1 for home, 2 for notifications, 4 for public, 8 for thread, 16 for account.
    contexts BIGINT NOT NULL CHECK (contexts BETWEEN 1 AND 31),
    -- 1 to warn, 2 to hide, 3 to blur.
    action BIGINT NOT NULL CHECK (action BETWEEN 1 AND 3),
    -- Empty for one that does not end by itself.
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE INDEX filters_of_owner ON filters (owner_id, id);

-- Their keywords, with the owner, by whom all of them are read and counted at once.
CREATE TABLE filter_keywords (
    id BIGINT NOT NULL PRIMARY KEY,
    filter_id BIGINT NOT NULL,
    owner_id BIGINT NOT NULL,
    keyword TEXT NOT NULL,
    whole_word BOOLEAN NOT NULL
);

CREATE INDEX filter_keywords_of_filter ON filter_keywords (filter_id, id);
CREATE INDEX filter_keywords_of_owner ON filter_keywords (owner_id, id);

-- Posts that they name.
CREATE TABLE filtered_posts (
    id BIGINT NOT NULL PRIMARY KEY,
    filter_id BIGINT NOT NULL,
    owner_id BIGINT NOT NULL,
    post_id BIGINT NOT NULL
);

CREATE UNIQUE INDEX filtered_posts_pair ON filtered_posts (filter_id, post_id);
CREATE INDEX filtered_posts_of_owner ON filtered_posts (owner_id, id);

-- What goes when a post is deleted.
CREATE INDEX filtered_posts_of_post ON filtered_posts (post_id, id);
