-- Accounts, how they sign in, and what acts for them. 0 stands for "none" where an id may be missing.
--
-- What the migrations beside this folder end in, in the words of PostgreSQL. Texts are compared and ordered by their bytes:
-- the database has the collation C.

CREATE TABLE accounts (
    id BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    -- As written. The key of a local account is the same in lower case; of a remote one it is that with "@" and the domain
    -- behind it.
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    note TEXT NOT NULL,
    -- A JSON array of [name, value].
    fields TEXT NOT NULL,
    avatar_media_id BIGINT NOT NULL,
    header_media_id BIGINT NOT NULL,
    -- The number of the contract's Role.
    role BIGINT NOT NULL,
    bot BOOLEAN NOT NULL,
    discoverable BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    default_visibility TEXT NOT NULL,
    default_sensitive BOOLEAN NOT NULL,
    default_language TEXT NOT NULL,
    default_originals_shared BOOLEAN NOT NULL DEFAULT FALSE,
    default_camera_shown BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether public posts may be found by their text.
    indexable BOOLEAN NOT NULL DEFAULT FALSE,
    -- Which websites may name the account as an author: a JSON array of domain names.
    attribution_domains TEXT NOT NULL DEFAULT '[]',
    -- Where an account is at home: '' for this server, else the domain of another.
    domain TEXT NOT NULL DEFAULT ''
        CHECK (CASE domain WHEN '' THEN strpos(username_key, '@') = 0 ELSE username_key = lower(username) || '@' || domain END),
    -- The name by which servers know a remote account; '' for local ones, whose addresses are made when they are shown.
    uri TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX accounts_by_uri ON accounts (uri) WHERE uri <> '';

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
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    accounts BIGINT NOT NULL
);
INSERT INTO account_count (id, accounts) VALUES (1, 0);

-- Browser sessions (application_id 0) and access tokens. Of the secret only its SHA-256 is kept.
CREATE TABLE sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    secret_hash BYTEA NOT NULL UNIQUE,
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

-- Browsers that have signed in to an account: guesses of strangers do not hold them up. A browser holds a random secret in a
-- cookie that is made again at every sign-in; of it only the SHA-256 is kept.
CREATE TABLE known_browsers (
    secret_hash BYTEA NOT NULL,
    account_id BIGINT NOT NULL,
    last_sign_in_at BIGINT NOT NULL,
    PRIMARY KEY (secret_hash, account_id)
);
CREATE INDEX known_browsers_by_account ON known_browsers (account_id, last_sign_in_at);
CREATE INDEX known_browsers_by_age ON known_browsers (last_sign_in_at);

CREATE TABLE applications (
    id BIGINT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    secret_hash BYTEA NOT NULL,
    name TEXT NOT NULL,
    website TEXT NOT NULL,
    -- A JSON array of texts.
    redirect_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Applications that keep no secret.
    public_client BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether it has ever got a code or a token. Anyone may register one, so those that have not make room for newer ones.
    is_used BOOLEAN NOT NULL DEFAULT TRUE
);
CREATE INDEX applications_unused ON applications (is_used, created_at) WHERE is_used = FALSE;

CREATE TABLE authorization_codes (
    code_hash BYTEA NOT NULL PRIMARY KEY,
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
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    token_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- The words by which accounts are found, in lower case and without accents: the name, its parts, and the words of the display
-- name.
CREATE TABLE account_words (
    word TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    PRIMARY KEY (word, account_id)
);
CREATE INDEX account_words_by_account ON account_words (account_id, word);

-- Accounts whose words are not written yet, which a job does.
CREATE TABLE accounts_without_words (account_id BIGINT NOT NULL PRIMARY KEY);

CREATE TABLE outbox (
    position BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    event_id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    occurred_at BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    -- What is said about an event beside its payload: a JSON object. See infra/bus/src/headers.rs.
    headers TEXT NOT NULL DEFAULT '{}',
    -- What was published and is kept: see infra/bus/src/outbox.rs.
    published_at BIGINT,
    log_history TEXT,
    log_position BIGINT
);
