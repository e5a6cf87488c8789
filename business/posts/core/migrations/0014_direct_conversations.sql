-- Which direct posts belong together, for each of those who wrote one or are mentioned.
CREATE TABLE direct_conversation_posts (
    account_id BIGINT NOT NULL,
    -- The post that the conversation began with.
    root_id BIGINT NOT NULL,
    post_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, root_id, post_id)
) WITHOUT ROWID;

CREATE INDEX direct_conversation_posts_of_post ON direct_conversation_posts (post_id, root_id, account_id);

-- The conversations of each account, by their last posts.
CREATE TABLE direct_conversations (
    account_id BIGINT NOT NULL,
    root_id BIGINT NOT NULL,
    last_post_id BIGINT NOT NULL,
    unread BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, root_id)
) WITHOUT ROWID;

CREATE INDEX direct_conversations_by_last_post ON direct_conversations (account_id, last_post_id, root_id, unread);

-- What was written before. Whether it was read nobody knows: it counts as read.
WITH RECURSIVE threads (post_id, root_id) AS (
    SELECT id, id FROM posts WHERE visibility = 4 AND NOT EXISTS
        (SELECT 1 FROM posts AS parents WHERE parents.id = posts.in_reply_to_id AND parents.visibility = 4)
    UNION ALL
    SELECT posts.id, threads.root_id FROM threads JOIN posts ON posts.in_reply_to_id = threads.post_id
        WHERE posts.visibility = 4
)
INSERT INTO direct_conversation_posts (account_id, root_id, post_id)
    SELECT posts.author_id, threads.root_id, threads.post_id FROM threads JOIN posts ON posts.id = threads.post_id
    UNION
    SELECT mentions.account_id, threads.root_id, threads.post_id
        FROM threads JOIN mentions ON mentions.post_id = threads.post_id;
INSERT INTO direct_conversations (account_id, root_id, last_post_id, unread)
    SELECT account_id, root_id, MAX(post_id), FALSE FROM direct_conversation_posts GROUP BY account_id, root_id;
