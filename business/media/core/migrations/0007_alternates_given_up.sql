-- Ready items whose alternates could not be made, and why: they are served as JPEG alone.
CREATE TABLE alternates_given_up (
    media_id BIGINT NOT NULL PRIMARY KEY REFERENCES media (id),
    attempts BIGINT NOT NULL,
    given_up_at BIGINT NOT NULL,
    cause TEXT NOT NULL
);

-- The few that somebody is at, among the many that wait.
CREATE INDEX alternate_jobs_leased ON alternate_jobs (lease_holder) WHERE lease_holder <> 0;
