-- Who there is, which programmes, who takes part in them, and who was brought together with whom.

CREATE TABLE person (
    id                      uuid PRIMARY KEY,
    employee_number         text NOT NULL UNIQUE,
    user_name               text NOT NULL,
    user_name_key           text NOT NULL,
    given_name              text NOT NULL,
    family_name             text NOT NULL,
    work_email              text NOT NULL,
    work_email_key          text NOT NULL,
    title                   text NOT NULL,
    department              text NOT NULL,
    site                    text NOT NULL,
    time_zone               text NOT NULL,
    manager_employee_number text,
    manager_id              uuid REFERENCES person,
    hire_date               date,
    status                  text NOT NULL CHECK (status IN ('active', 'leave', 'inactive')),
    effective_date          date NOT NULL,
    version                 int NOT NULL,
    created_at              timestamptz NOT NULL,
    -- Where the person comes from; empty: the company itself.
    pool                    text NOT NULL DEFAULT '' CHECK (pool IN ('', 'workplace', 'alumni', 'association')),
    -- Deferred, so that two people can swap names in one file.
    CONSTRAINT person_user_name UNIQUE (user_name_key) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT person_work_email UNIQUE (work_email_key) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX person_age ON person (created_at, id);
CREATE INDEX person_of_unknown_manager ON person (manager_employee_number) WHERE manager_id IS NULL;

CREATE TABLE programme (
    id              uuid PRIMARY KEY,
    name            text NOT NULL CONSTRAINT programme_name UNIQUE,
    kind            text NOT NULL CHECK (kind IN ('evergreen', 'cohort')),
    state           text NOT NULL CHECK (state IN ('open', 'closed')),
    starts_on       date NOT NULL,
    ends_on         date,
    match_on        date,
    cadence         text NOT NULL CHECK (cadence IN ('weekly', 'biweekly', 'monthly', 'quarterly')),
    hours_per_month int NOT NULL,
    session_minutes int NOT NULL,
    rules           jsonb NOT NULL,
    organiser_id    uuid REFERENCES person,
    -- When the next round is due; empty while nothing changed since the last one.
    next_round_at   timestamptz,
    version         int NOT NULL,
    created_at      timestamptz NOT NULL
);
CREATE INDEX programme_age ON programme (created_at, id);
CREATE INDEX programme_next_round ON programme (next_round_at) WHERE next_round_at IS NOT NULL;

CREATE TABLE invitation (
    programme_id uuid NOT NULL REFERENCES programme,
    person_id    uuid NOT NULL REFERENCES person,
    invited_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (programme_id, person_id)
);

CREATE TABLE participation (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programme,
    person_id    uuid NOT NULL REFERENCES person,
    role         text NOT NULL CHECK (role IN ('mentee', 'mentor', 'peer')),
    capacity     int NOT NULL CHECK (capacity BETWEEN 1 AND 12),
    profile      jsonb NOT NULL,
    consent      boolean NOT NULL,
    version      int NOT NULL,
    joined_at    timestamptz NOT NULL,
    -- "Not now": the last day on which nobody is looked for.
    paused_until date,
    UNIQUE (programme_id, person_id, role),
    CHECK (role = 'mentor' OR capacity = 1)
);
CREATE INDEX participation_person ON participation (person_id);
CREATE INDEX participation_paused ON participation (paused_until) WHERE paused_until IS NOT NULL;

-- Groups that people say they belong to, voluntarily. They stand apart: nothing that pairs reads them but the
-- audit of a round and the balance a programme has chosen.
CREATE TABLE participation_group (
    participation_id uuid NOT NULL REFERENCES participation,
    code             text NOT NULL,
    PRIMARY KEY (participation_id, code)
);

CREATE TABLE matching_run (
    id             uuid PRIMARY KEY,
    programme_id   uuid NOT NULL REFERENCES programme,
    mentees        int NOT NULL,
    mentors        int NOT NULL,
    feasible_pairs int NOT NULL,
    proposed       int NOT NULL,
    value          bigint NOT NULL,
    inputs_hash    text NOT NULL,
    created_at     timestamptz NOT NULL,
    -- What the run proved; empty for runs from before it could. `blocking`: pairs by margin.
    bound          bigint,
    blocking       jsonb,
    solver         text CHECK (solver IN ('graph', 'flow')),
    state          text NOT NULL DEFAULT 'published'
        CHECK (state IN ('queued', 'solving', 'review', 'published', 'cancelled', 'failed')),
    -- How far it is while it is solved: the phase in a word, and `done` of `total` in it.
    phase          text NOT NULL DEFAULT '',
    done           bigint NOT NULL DEFAULT 0,
    total          bigint NOT NULL DEFAULT 0,
    -- How many processes have begun it; the number of the last one fences off the others.
    attempts       int NOT NULL DEFAULT 0,
    problem        text,
    asked_by       text NOT NULL DEFAULT '',
    -- The programme's rules and weights as they were, and at which time the pool was looked at.
    rules          jsonb,
    -- Pairs that were not possible any more when they were to be proposed.
    dropped        int NOT NULL DEFAULT 0,
    looked_at      timestamptz,
    finished_at    timestamptz,
    version        int NOT NULL DEFAULT 1,
    -- Whether a group was matched less than four fifths as often as everybody else.
    alarm          boolean NOT NULL DEFAULT false,
    -- Which edition of the tables it looked at: while it is the same, what it found still holds.
    edition        text NOT NULL DEFAULT '',
    -- The run under review that it took the place of: its pairs stand, and are changed for a good reason only.
    replaces       uuid REFERENCES matching_run
);
CREATE INDEX matching_run_age ON matching_run (programme_id, created_at, id);
CREATE UNIQUE INDEX matching_run_queued ON matching_run (programme_id) WHERE state = 'queued';
CREATE INDEX matching_run_unfinished ON matching_run (created_at, id) WHERE state IN ('queued', 'solving');

-- The pairs a run found, as they were found.
CREATE TABLE run_pair (
    run_id                  uuid NOT NULL REFERENCES matching_run,
    mentee_participation_id uuid NOT NULL REFERENCES participation,
    mentor_participation_id uuid NOT NULL REFERENCES participation,
    weight                  int NOT NULL CHECK (weight BETWEEN 0 AND 100000),
    explanation             jsonb NOT NULL,
    -- What was added to the weight beside the score: a bonus, hysteresis.
    added                   int NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, mentee_participation_id, mentor_participation_id)
);

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

CREATE TABLE run_waiting (
    run_id           uuid NOT NULL REFERENCES matching_run,
    participation_id uuid NOT NULL REFERENCES participation,
    reason           text NOT NULL,
    sentence         text NOT NULL,
    PRIMARY KEY (run_id, participation_id)
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

-- A mentee's profit, or the price of each of the seats that a mentor had left. The sum of amount · seats is
-- the bound: no pairs could be worth more.
CREATE TABLE run_certificate (
    run_id           uuid NOT NULL REFERENCES matching_run,
    participation_id uuid NOT NULL REFERENCES participation,
    amount           bigint NOT NULL CHECK (amount >= 0),
    seats            int NOT NULL CHECK (seats >= 0),
    PRIMARY KEY (run_id, participation_id)
);

-- One row from the proposal to the end. Seats are rows in the states 'proposed' and 'active'.
CREATE TABLE match (
    id                      uuid PRIMARY KEY,
    programme_id            uuid NOT NULL REFERENCES programme,
    run_id                  uuid REFERENCES matching_run,
    mentee_participation_id uuid NOT NULL REFERENCES participation,
    mentor_participation_id uuid NOT NULL REFERENCES participation,
    mentee_id               uuid NOT NULL REFERENCES person,
    mentor_id               uuid NOT NULL REFERENCES person,
    state                   text NOT NULL CHECK (state IN ('proposed', 'active', 'declined', 'lapsed', 'ended', 'informal')),
    weight                  int NOT NULL CHECK (weight BETWEEN 0 AND 100000),
    answer_by               timestamptz NOT NULL,
    explanation             jsonb NOT NULL,
    mentee_answer           text CHECK (mentee_answer IN ('accept', 'decline')),
    mentor_answer           text CHECK (mentor_answer IN ('accept', 'decline')),
    decline_reason          text,
    declined_by             uuid REFERENCES person,
    made_at                 timestamptz,
    ends_on                 date,
    ended_at                timestamptz,
    end_reason              text,
    version                 int NOT NULL,
    created_at              timestamptz NOT NULL,
    -- Shared by the matches of one mentor and the mentees of one circle.
    group_id                uuid,
    -- Two peers, in the order of their numbers: the columns of mentee and mentor then label nobody.
    peer                    boolean NOT NULL DEFAULT false,
    CHECK (mentee_id <> mentor_id)
);
CREATE INDEX match_age ON match (created_at, id);
CREATE INDEX match_group ON match (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX match_programme ON match (programme_id, created_at, id);
CREATE INDEX match_run ON match (run_id) WHERE run_id IS NOT NULL;
CREATE UNIQUE INDEX match_one_per_mentee ON match (mentee_participation_id) WHERE state IN ('proposed', 'active');
CREATE UNIQUE INDEX match_one_per_peer ON match (mentor_participation_id)
    WHERE peer AND state IN ('proposed', 'active');
CREATE INDEX match_seats ON match (mentor_participation_id) WHERE state IN ('proposed', 'active');
CREATE INDEX match_answer_by ON match (answer_by) WHERE state = 'proposed';
CREATE INDEX match_ends_on ON match (ends_on) WHERE state = 'active';

-- Why a mentee asked for a mentor by name, and what for. Private: for the two of them alone, in no event.
CREATE TABLE request (
    match_id uuid PRIMARY KEY REFERENCES match,
    purpose  text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 2000)
);

-- Up to five mentors a mentee would like best, the best first.
CREATE TABLE favourite (
    mentee_participation_id uuid NOT NULL REFERENCES participation,
    mentor_participation_id uuid NOT NULL REFERENCES participation,
    place                   int NOT NULL CHECK (place BETWEEN 1 AND 5),
    PRIMARY KEY (mentee_participation_id, place),
    UNIQUE (mentee_participation_id, mentor_participation_id)
);

-- What a "no" taught about whoever said it: goals a mentor does not teach, and until when to leave them in peace.
CREATE TABLE lesson (
    match_id         uuid PRIMARY KEY REFERENCES match,
    participation_id uuid NOT NULL REFERENCES participation,
    code             text NOT NULL,
    not_taught       text[] NOT NULL,
    paused_until     timestamptz
);
CREATE INDEX lesson_participation ON lesson (participation_id);

-- Who of a completed match wants to go on without the programme; where both do, the match is informal.
CREATE TABLE continuation (
    match_id  uuid NOT NULL REFERENCES match,
    person_id uuid NOT NULL REFERENCES person,
    said_at   timestamptz NOT NULL,
    PRIMARY KEY (match_id, person_id)
);

-- Two people who are not to be brought together, in either role; for ever where `until` is empty.
CREATE TABLE block (
    mentee_id uuid NOT NULL REFERENCES person,
    mentor_id uuid NOT NULL REFERENCES person,
    reason    text NOT NULL,
    until     timestamptz,
    PRIMARY KEY (mentee_id, mentor_id)
);

-- What partners thought of each other: one mean of 1 to 5 per session and author.
CREATE TABLE rating (
    session_id   uuid NOT NULL,
    author_id    uuid NOT NULL REFERENCES person,
    about_id     uuid NOT NULL REFERENCES person,
    about_role   text NOT NULL CHECK (about_role IN ('mentee', 'mentor')),
    rating       double precision NOT NULL CHECK (rating BETWEEN 1 AND 5),
    submitted_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, author_id)
);
CREATE INDEX rating_about ON rating (about_id, about_role);

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
