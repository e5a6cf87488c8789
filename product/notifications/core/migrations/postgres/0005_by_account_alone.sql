-- no-transaction
-- The version before reads its pages from that of 0003 too: it begins with the same columns.
DROP INDEX CONCURRENTLY IF EXISTS notifications_of_account;
