-- Browsers that have signed in to an account: guesses of strangers do not hold them up. A browser holds a random secret in a
-- cookie that is made again at every sign-in; of it only the SHA-256 is kept.
CREATE TABLE known_browsers (
    secret_hash BLOB NOT NULL,
    account_id BIGINT NOT NULL,
    last_sign_in_at BIGINT NOT NULL,
    PRIMARY KEY (secret_hash, account_id)
) WITHOUT ROWID;
CREATE INDEX known_browsers_by_account ON known_browsers (account_id, last_sign_in_at);
CREATE INDEX known_browsers_by_age ON known_browsers (last_sign_in_at);
