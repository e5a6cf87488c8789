-- no-transaction
CREATE INDEX CONCURRENTLY words_by_word ON words (word);
