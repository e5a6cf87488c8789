-- No constraint keeps an effect from happening twice: only the inbox does.
CREATE TABLE effects (write_id BIGINT NOT NULL);
CREATE TABLE repeats (write_id BIGINT NOT NULL);
CREATE TABLE inbox (
    subscription TEXT NOT NULL,
    event_id BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    PRIMARY KEY (subscription, event_id)
);
