-- Who asks to follow whom, where an account decides about each follower.
CREATE TABLE follow_requests (
    id BIGINT NOT NULL PRIMARY KEY,
    follower_id BIGINT NOT NULL,
    followee_id BIGINT NOT NULL,
    show_reblogs BOOLEAN NOT NULL,
    notify BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (follower_id <> followee_id)
);

CREATE UNIQUE INDEX follow_requests_pair ON follow_requests (follower_id, followee_id);

-- Pages of who asks are read from this alone.
CREATE INDEX follow_requests_of_followee ON follow_requests (followee_id, id, follower_id, show_reblogs, notify);
