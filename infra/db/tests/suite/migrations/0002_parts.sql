-- Looked at when a transaction commits and not before: a commit that fails.
CREATE TABLE parts (
    id BIGINT PRIMARY KEY,
    thing_id BIGINT NOT NULL REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED
);
