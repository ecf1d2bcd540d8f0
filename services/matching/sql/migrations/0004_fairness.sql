-- Groups that people say they belong to, voluntarily. They stand apart: nothing that pairs reads them but the
-- audit of a round and the balance a programme has chosen.
CREATE TABLE participation_group (
    participation_id uuid NOT NULL REFERENCES participation,
    code             text NOT NULL,
    PRIMARY KEY (participation_id, code)
);

-- What a run did for each group, beside everybody else in it. Scores are in [0, 1], `gap_low` and `gap_high`
-- the 95 % interval, `bonus` in score. Small groups are kept here and never shown.
CREATE TABLE run_ledger (
    run_id         uuid NOT NULL REFERENCES matching_run,
    code           text NOT NULL,
    members        int NOT NULL,
    matched        int NOT NULL,
    others         int NOT NULL,
    others_matched int NOT NULL,
    score          double precision,
    gap            double precision,
    gap_low        double precision,
    gap_high       double precision,
    least          double precision,
    bonus          double precision NOT NULL DEFAULT 0,
    alarm          boolean NOT NULL,
    PRIMARY KEY (run_id, code)
);

-- Whether a group was matched less than four fifths as often as everybody else.
ALTER TABLE matching_run ADD COLUMN alarm boolean NOT NULL DEFAULT false;
