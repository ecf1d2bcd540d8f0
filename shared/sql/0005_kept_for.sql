-- What is kept for how long, and what went the last time somebody looked: the report of retention by age.

CREATE TABLE retention (
    kind           text PRIMARY KEY,
    -- Empty where age does not matter.
    days           int,
    -- Wall time of the last look, and the business time before which things were too old.
    ran_at         timestamptz NOT NULL,
    before         timestamptz NOT NULL,
    removed        bigint NOT NULL,
    removed_in_all bigint NOT NULL
);
