-- Whom posts mention that not everyone may see: what a list of an author's posts holds for them besides the open ones.
CREATE TABLE hidden_mentions (
    account_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    post_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, author_id, post_id)
) WITHOUT ROWID;

INSERT INTO hidden_mentions (account_id, author_id, post_id)
    SELECT DISTINCT mentions.account_id, posts.author_id, posts.id
    FROM posts JOIN mentions ON mentions.post_id = posts.id WHERE posts.visibility IN (3, 4);
