-- Which edition of the tables a run looked at: while it is the same, what the run found still holds.
ALTER TABLE matching_run ADD COLUMN edition text NOT NULL DEFAULT '';
-- What was added to the weight of a pair beside its score: a bonus, hysteresis.
ALTER TABLE run_pair ADD COLUMN added int NOT NULL DEFAULT 0;

-- What an administrator decided about a run before its pairs were published. The pairs are (mentee's, mentor's)
-- participations that are to be, or not to be; a decision about one person leaves the other empty.
CREATE TABLE run_decision (
    run_id        uuid NOT NULL REFERENCES matching_run,
    ordinal       int NOT NULL,
    kind          text NOT NULL
        CHECK (kind IN ('approve', 'reject', 'pin', 'swap', 'exclude', 'exclude-pair', 'release')),
    mentee        uuid REFERENCES participation,
    mentor        uuid REFERENCES participation,
    second_mentee uuid REFERENCES participation,
    second_mentor uuid REFERENCES participation,
    cost          bigint NOT NULL,
    decided_by    text NOT NULL,
    reason        text NOT NULL,
    decided_at    timestamptz NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);
COMMENT ON TABLE run_decision IS 'append-only';
