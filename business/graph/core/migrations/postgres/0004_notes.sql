-- What accounts write down about others, each for itself alone.
CREATE TABLE notes (
    author_id BIGINT NOT NULL,
    target_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (author_id, target_id)
);
