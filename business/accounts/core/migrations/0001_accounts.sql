-- Accounts, how they sign in, and what acts for them. 0 stands for "none" where an id may be missing.

CREATE TABLE accounts (
    id BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    -- As written; the key is the same in lower case.
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    note TEXT NOT NULL,
    -- A JSON array of [name, value].
    fields TEXT NOT NULL,
    avatar_media_id BIGINT NOT NULL,
    header_media_id BIGINT NOT NULL,
    -- The number of the contract's Role.
    role INTEGER NOT NULL,
    bot BOOLEAN NOT NULL,
    discoverable BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    default_visibility TEXT NOT NULL,
    default_sensitive BOOLEAN NOT NULL,
    default_language TEXT NOT NULL
);

CREATE TABLE credentials (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    -- An account that the operator made may have no e-mail address.
    email TEXT,
    email_key TEXT UNIQUE,
    -- Argon2id in PHC format, with its parameters and salt.
    password_hash TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- One row: counting must not read all accounts.
CREATE TABLE account_count (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    accounts BIGINT NOT NULL
);
INSERT INTO account_count (id, accounts) VALUES (1, 0);

-- Browser sessions (application_id 0) and access tokens. Of the secret only its SHA-256 is kept.
CREATE TABLE sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE,
    account_id BIGINT NOT NULL,
    application_id BIGINT NOT NULL,
    scopes TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    -- Empty for access tokens: they end when they are revoked.
    expires_at BIGINT
);
CREATE INDEX sessions_by_owner ON sessions (account_id, application_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE applications (
    id BIGINT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    secret_hash BLOB NOT NULL,
    name TEXT NOT NULL,
    website TEXT NOT NULL,
    -- A JSON array of texts.
    redirect_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE authorization_codes (
    code_hash BLOB NOT NULL PRIMARY KEY,
    application_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scopes TEXT NOT NULL,
    -- BASE64URL(SHA256(verifier)), or empty when the code is not bound to a verifier.
    code_challenge TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The token that the code was turned into; 0 while it was not.
    session_id BIGINT NOT NULL
);
CREATE INDEX authorization_codes_by_account ON authorization_codes (account_id);
CREATE INDEX authorization_codes_by_expiry ON authorization_codes (expires_at);

-- At most one row, and none once there is an account.
CREATE TABLE setup_tokens (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    token_hash BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL
);
