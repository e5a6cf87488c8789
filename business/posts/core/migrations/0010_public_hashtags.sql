-- The hashtags of public posts, with all that their lists and counts look at: a list of theirs reads this alone, however
-- many posts that not everyone may see have the same hashtag.
CREATE TABLE public_hashtags (
    -- In the form by which hashtags are compared.
    name TEXT NOT NULL,
    post_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    has_media BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (name, post_id)
) WITHOUT ROWID;

CREATE INDEX public_hashtags_with_media ON public_hashtags (name, has_media, post_id) WHERE has_media = TRUE;

-- The posts that are there have theirs made by the job that made those of posts from before hashtags, over all of them, also
-- those that the version before writes until it has ended.
UPDATE hashtag_backfill SET below = 9223372036854775807;
INSERT INTO hashtag_backfill (below) SELECT 9223372036854775807
    WHERE NOT EXISTS (SELECT 1 FROM hashtag_backfill) AND EXISTS (SELECT 1 FROM posts);
