-- Numbers count only posts that everyone may see (public and unlisted): a number that moves with a direct post tells of it.
ALTER TABLE author_stats ADD COLUMN top_level_posts BIGINT NOT NULL DEFAULT 0;
DELETE FROM author_stats;
INSERT INTO author_stats (author_id, posts, last_posted_at, top_level_posts)
    SELECT author_id, COUNT(*), MAX(created_at), SUM(in_reply_to_id IS NULL)
    FROM posts WHERE visibility IN (1, 2) GROUP BY author_id;
INSERT INTO author_stats (author_id, posts, last_posted_at, top_level_posts)
    SELECT 0, COUNT(*), MAX(created_at), SUM(in_reply_to_id IS NULL)
    FROM posts WHERE visibility IN (1, 2) HAVING COUNT(*) > 0;

-- The same for replies, of the posts that have others than open ones.
UPDATE posts SET revision = revision + 1, replies_count =
    (SELECT COUNT(*) FROM posts AS replies WHERE replies.in_reply_to_id = posts.id AND replies.visibility IN (1, 2))
    WHERE id IN (SELECT in_reply_to_id FROM posts WHERE in_reply_to_id IS NOT NULL AND visibility IN (3, 4));
