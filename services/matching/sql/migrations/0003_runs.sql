-- A run is a row before it is solved: it waits, shows how far it is, can be cancelled, and may be looked at by
-- a person before its pairs are published. Runs from before were published at once.
ALTER TABLE matching_run
    ADD COLUMN state       text NOT NULL DEFAULT 'published'
        CHECK (state IN ('queued', 'solving', 'review', 'published', 'cancelled', 'failed')),
    ADD COLUMN phase       text NOT NULL DEFAULT '',
    ADD COLUMN done        bigint NOT NULL DEFAULT 0,
    ADD COLUMN total       bigint NOT NULL DEFAULT 0,
    ADD COLUMN attempts    int NOT NULL DEFAULT 0,
    ADD COLUMN problem     text,
    ADD COLUMN asked_by    text NOT NULL DEFAULT '',
    ADD COLUMN rules       jsonb,
    ADD COLUMN dropped     int NOT NULL DEFAULT 0,
    ADD COLUMN looked_at   timestamptz,
    ADD COLUMN finished_at timestamptz,
    ADD COLUMN version     int NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX matching_run_queued ON matching_run (programme_id) WHERE state = 'queued';
CREATE INDEX matching_run_unfinished ON matching_run (created_at, id) WHERE state IN ('queued', 'solving');

-- The pairs a run found, as they were found.
CREATE TABLE run_pair (
    run_id                  uuid NOT NULL REFERENCES matching_run,
    mentee_participation_id uuid NOT NULL REFERENCES participation,
    mentor_participation_id uuid NOT NULL REFERENCES participation,
    weight                  int NOT NULL CHECK (weight BETWEEN 0 AND 100000),
    explanation             jsonb NOT NULL,
    PRIMARY KEY (run_id, mentee_participation_id, mentor_participation_id)
);
INSERT INTO run_pair (run_id, mentee_participation_id, mentor_participation_id, weight, explanation)
SELECT run_id, mentee_participation_id, mentor_participation_id, weight, explanation
FROM match WHERE run_id IS NOT NULL ON CONFLICT DO NOTHING;
