-- Home timelines: all of it may be dropped; the graph and the posts are where it comes from.
--
-- What the migrations beside this folder end in, in the words of PostgreSQL. Texts are compared and ordered by their bytes:
-- the database has the collation C.

-- One row for each post in each kept timeline.
CREATE TABLE timeline (
    account_id BIGINT NOT NULL,
    post_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    -- The author the post answers when that is someone else; 0 for none. Unfollowing them removes the post.
    replied_to_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, post_id)
);

-- A deleted post leaves every timeline.
CREATE INDEX timeline_by_post ON timeline (post_id);

-- A row here is what keeps a timeline up: the fan-out reaches those who have one.
CREATE TABLE timeline_state (
    account_id BIGINT NOT NULL PRIMARY KEY,
    -- Microseconds since the Unix epoch, at most an hour behind.
    last_read_at BIGINT NOT NULL,
    -- Whether the timeline holds what it should; if not, the next read makes it again.
    complete BOOLEAN NOT NULL,
    -- The timeline holds every post from this id on; below it, history is read from the posts. 0 when it holds all.
    floor_id BIGINT NOT NULL
);

CREATE INDEX timeline_state_by_last_read ON timeline_state (last_read_at);

-- Authors with so many followers that their posts are merged when a timeline is read.
CREATE TABLE merged_authors (
    author_id BIGINT NOT NULL PRIMARY KEY,
    merged_since BIGINT NOT NULL
);

-- Follows that ended and posts that were deleted a short while ago: a fan-out that was already under way then must not
-- put back what has just been removed.
CREATE TABLE ended_follows (
    follower_id BIGINT NOT NULL,
    followee_id BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (follower_id, followee_id)
);

CREATE INDEX ended_follows_by_time ON ended_follows (ended_at);

CREATE TABLE deleted_posts (
    post_id BIGINT NOT NULL PRIMARY KEY,
    deleted_at BIGINT NOT NULL
);

CREATE INDEX deleted_posts_by_time ON deleted_posts (deleted_at);
