-- What the measured handlers write: an aggregate of many events per row, and one row per pair that is locked.

CREATE TABLE measured_day (
    programme_id uuid NOT NULL,
    day          date NOT NULL,
    sessions     bigint NOT NULL,
    minutes      bigint NOT NULL,
    PRIMARY KEY (programme_id, day)
);

CREATE TABLE measured_pair (
    match_id uuid PRIMARY KEY,
    sessions int NOT NULL,
    met_at   timestamptz
);

CREATE TABLE measured_command (
    command_id uuid PRIMARY KEY,
    match_id   uuid NOT NULL,
    text       text NOT NULL,
    made_at    timestamptz NOT NULL
);
