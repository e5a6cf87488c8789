-- Other forms of renditions.
CREATE TABLE alternates (
    media_id BIGINT NOT NULL REFERENCES media (id),
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    key TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (media_id, name, content_type)
);
CREATE INDEX alternates_by_key ON alternates (key);
