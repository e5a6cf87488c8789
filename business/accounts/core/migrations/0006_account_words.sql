-- The words by which accounts are found, in lower case and without accents: the name, its parts, and the words of the display
-- name.
CREATE TABLE account_words (
    word TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    PRIMARY KEY (word, account_id)
) WITHOUT ROWID;
CREATE INDEX account_words_by_account ON account_words (account_id, word);

-- Accounts of before, whose words a job writes: SQL cannot take accents away.
CREATE TABLE accounts_without_words (account_id BIGINT NOT NULL PRIMARY KEY);
INSERT INTO accounts_without_words (account_id) SELECT id FROM accounts;
