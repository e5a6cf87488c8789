CREATE TABLE kinds (
    id BIGINT NOT NULL PRIMARY KEY,
    truth BOOLEAN,
    fraction DOUBLE PRECISION,
    "text" TEXT,
    bytes BLOB
);
CREATE TABLE "a-words" (
    word TEXT NOT NULL,
    kind_id BIGINT NOT NULL REFERENCES kinds (id),
    PRIMARY KEY (word, kind_id)
) WITHOUT ROWID;
CREATE TABLE numbered (position INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT NOT NULL);
CREATE TABLE loose (below BIGINT);
CREATE TABLE counts (id BIGINT NOT NULL PRIMARY KEY, count BIGINT NOT NULL);
INSERT INTO counts (id, count) VALUES (1, 0);
