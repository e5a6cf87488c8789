-- Where each session's push service is told of what its account is told.
CREATE TABLE push_subscriptions (
    session_id BIGINT NOT NULL PRIMARY KEY,
    -- Another one of the same session has another.
    id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    -- That of the endpoint.
    host TEXT NOT NULL,
    -- The client's key, a point on P-256, and its secret.
    p256dh BYTEA NOT NULL,
    auth BYTEA NOT NULL,
    standard BOOLEAN NOT NULL,
    -- A bit for each of the contract's Alert.
    alerts BIGINT NOT NULL,
    -- The number of the contract's PushPolicy.
    policy BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX push_subscriptions_of_account ON push_subscriptions (account_id, id);
CREATE UNIQUE INDEX push_subscriptions_by_id ON push_subscriptions (id);

-- What is on its way to push services.
CREATE TABLE push_queue (
    subscription_id BIGINT NOT NULL,
    notification_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    host TEXT NOT NULL,
    -- When it may be taken: also one that was taken, and of which nothing was heard.
    due_at BIGINT NOT NULL,
    -- How often it was taken.
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (subscription_id, notification_id)
);

CREATE INDEX push_queue_by_due ON push_queue (due_at, host, account_id, subscription_id, notification_id);
CREATE INDEX push_queue_of_account ON push_queue (account_id, notification_id);
CREATE INDEX push_queue_by_age ON push_queue (created_at);

-- The key by which push services know this server; one row. It is here because it is worth nothing without the
-- subscriptions, which were made for it, and they nothing without it: a backup has both or neither.
CREATE TABLE push_key (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    -- PKCS#8.
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
