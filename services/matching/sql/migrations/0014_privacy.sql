-- People who are to be forgotten: who asked, when it is done, and what was removed where.
CREATE TABLE erasure (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES person,
    cause        text NOT NULL CHECK (cause IN ('request', 'hr', 'retention')),
    asked_by     text NOT NULL,
    asked_at     timestamptz NOT NULL,
    -- Until then it can be cancelled.
    runs_at      timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('waiting', 'cancelled', 'erased', 'complete')),
    cancelled_by text,
    cancelled_at timestamptz,
    erased_at    timestamptz,
    -- When every service had given its receipt.
    completed_at timestamptz,
    -- When the tombstone is said once more: a topic forgets only what is no longer in its newest segment.
    again_at     timestamptz,
    version      int NOT NULL
);
CREATE UNIQUE INDEX erasure_once ON erasure (person_id) WHERE state <> 'cancelled';
CREATE INDEX erasure_age ON erasure (asked_at, id);
CREATE INDEX erasure_runs ON erasure (runs_at) WHERE state = 'waiting';
CREATE INDEX erasure_again ON erasure (again_at) WHERE again_at IS NOT NULL;

-- What each service has removed: rows by table.
CREATE TABLE erasure_receipt (
    erasure_id uuid NOT NULL REFERENCES erasure,
    service    text NOT NULL,
    given_at   timestamptz NOT NULL,
    removed    jsonb NOT NULL,
    PRIMARY KEY (erasure_id, service)
);

-- Decisions about runs are only added to. Of those about somebody who is erased the reason goes, which an
-- administrator wrote in words; the decision stays. Returns what was emptied.
CREATE FUNCTION forget_reasons(of_person uuid) RETURNS SETOF int
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE run_decision d SET reason = ''
    FROM participation p
    WHERE p.person_id = of_person AND d.reason <> ''
      AND p.id IN (d.mentee, d.mentor, d.second_mentee, d.second_mentor)
    RETURNING d.ordinal
$$;
