-- Ids are 64 bits. `INTEGER PRIMARY KEY` (BIGINT in PostgreSQL) makes them SQLite's own row key: one tree less.
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    author_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    -- As in the contract: 1 public, 2 unlisted, 3 private, 4 direct.
    visibility BIGINT NOT NULL CHECK (visibility BETWEEN 1 AND 4),
    text TEXT NOT NULL,
    sensitive BOOLEAN NOT NULL,
    spoiler_text TEXT NOT NULL,
    language TEXT NOT NULL,
    -- A JSON array, in the order of the album.
    media_ids TEXT NOT NULL,
    has_media BOOLEAN NOT NULL,
    -- Kept when what is answered is deleted.
    in_reply_to_id BIGINT,
    in_reply_to_author_id BIGINT,
    replies_count BIGINT NOT NULL CHECK (replies_count >= 0),
    -- 0 for the web page.
    application_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- An author's lists are read from these alone. Each filter that leaves out many has an index of its own; visibility is
-- looked at within the index. The filtered columns stand before the id, though they hold one value each, so that a planner
-- sees that these indexes fit better.
CREATE INDEX posts_of_author ON posts (author_id, id, visibility, has_media, in_reply_to_id);
CREATE INDEX posts_of_author_top_level ON posts (author_id, in_reply_to_id, id, visibility)
    WHERE in_reply_to_id IS NULL;
CREATE INDEX posts_of_author_with_media ON posts (author_id, has_media, id, visibility)
    WHERE has_media = TRUE;
CREATE INDEX posts_of_author_top_level_with_media ON posts (author_id, has_media, in_reply_to_id, id, visibility)
    WHERE has_media = TRUE AND in_reply_to_id IS NULL;
CREATE INDEX posts_public ON posts (visibility, in_reply_to_id, id)
    WHERE visibility = 1 AND in_reply_to_id IS NULL;
CREATE INDEX posts_public_with_media ON posts (visibility, has_media, in_reply_to_id, id)
    WHERE visibility = 1 AND has_media = TRUE AND in_reply_to_id IS NULL;
CREATE INDEX posts_replies ON posts (in_reply_to_id, id) WHERE in_reply_to_id IS NOT NULL;

CREATE TABLE mentions (
    post_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    username TEXT NOT NULL,
    PRIMARY KEY (post_id, position)
) WITHOUT ROWID;

-- Which post shows a media item: at most one, whatever races there are.
CREATE TABLE shown_media (
    media_id INTEGER PRIMARY KEY,
    post_id BIGINT NOT NULL
);

-- How many posts each author has, and when the last one was. Row 0 counts everyone's.
CREATE TABLE author_stats (
    author_id INTEGER PRIMARY KEY,
    posts BIGINT NOT NULL CHECK (posts >= 0),
    last_posted_at BIGINT NOT NULL
);

CREATE TABLE idempotency_keys (
    author_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    post_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (author_id, key)
) WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL
);
