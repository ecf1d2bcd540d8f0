-- Why no other pairs would have been better: what a run proved. Runs of before have nothing of it.
ALTER TABLE matching_run
    ADD COLUMN bound    bigint,
    ADD COLUMN blocking jsonb,
    ADD COLUMN solver   text CHECK (solver IN ('graph', 'flow'));

-- A mentee's profit, or the price of each of the seats that a mentor had left. The sum of amount · seats is
-- the bound: no pairs could be worth more.
CREATE TABLE run_certificate (
    run_id           uuid NOT NULL REFERENCES matching_run,
    participation_id uuid NOT NULL REFERENCES participation,
    amount           bigint NOT NULL CHECK (amount >= 0),
    seats            int NOT NULL CHECK (seats >= 0),
    PRIMARY KEY (run_id, participation_id)
);
