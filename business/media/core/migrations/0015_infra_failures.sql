-- The attempts that ended because the server itself failed, by the name that they have in the code.
ALTER TABLE media RENAME COLUMN troubles TO infra_failures;
