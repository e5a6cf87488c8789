-- By what a log that is elsewhere knows whose it is: two installations that share a server must not share a stream.
CREATE TABLE installation (id TEXT NOT NULL);
INSERT INTO installation (id) VALUES (lower(hex(randomblob(16))));
