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
    status                  text NOT NULL CHECK (status IN ('active', 'leave', 'inactive', 'terminated')),
    effective_date          date NOT NULL,
    version                 int NOT NULL,
    created_at              timestamptz NOT NULL,
    -- Where the person comes from; empty: the company itself.
    pool                    text NOT NULL DEFAULT '' CHECK (pool IN ('', 'workplace', 'alumni', 'association')),
    -- What their facts add up to, beside the status. The last day of a leave and of the grace of whoever is inactive.
    leave_from              date,
    leave_until             date,
    inactive_on             date,
    grace_until             date,
    terminated_on           date,
    erase_asked             boolean NOT NULL DEFAULT false,
    -- When the facts add up to something else though nobody said anything: a day begins or is over.
    due_at                  timestamptz,
    -- Where the manager was named by a source's own id; and how new that word is.
    manager_source          text,
    manager_external_id     text,
    manager_said_at         timestamptz,
    -- The manager who was named, and is not in manager_id because that would close a circle.
    manager_cut_id          uuid REFERENCES person,
    -- Deferred, so that two people can swap names in one file; and who has left does not keep theirs from others.
    CONSTRAINT person_user_name EXCLUDE USING btree (user_name_key WITH =)
        WHERE (status <> 'terminated') DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT person_work_email EXCLUDE USING btree (work_email_key WITH =)
        WHERE (status <> 'terminated') DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX person_age ON person (created_at, id);
CREATE INDEX person_of_unknown_manager ON person (manager_employee_number) WHERE manager_id IS NULL;
CREATE INDEX person_due ON person (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX person_manager ON person (manager_id) WHERE manager_id IS NOT NULL;
CREATE INDEX person_of_unknown_key ON person (manager_source, manager_external_id)
    WHERE manager_id IS NULL AND manager_external_id IS NOT NULL;
CREATE INDEX person_manager_cut ON person (id) WHERE manager_cut_id IS NOT NULL;
-- People are looked for by the beginning of a name, an address or a number.
CREATE INDEX person_family_name ON person (lower(family_name) text_pattern_ops);
CREATE INDEX person_given_name ON person (lower(given_name) text_pattern_ops);
CREATE INDEX person_address ON person (work_email_key text_pattern_ops);
CREATE INDEX person_number ON person (employee_number text_pattern_ops);

-- Whom facts are taken from: the smaller the precedence, the more its word counts, for some fields another one.
CREATE TABLE hris_source (
    name                text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 60),
    kind                text NOT NULL CHECK (kind IN ('scim', 'webhook', 'csv', 'feed', 'desk')),
    precedence          int NOT NULL,
    precedence_by_field jsonb NOT NULL DEFAULT '{}',
    created_at          timestamptz NOT NULL,
    retired_at          timestamptz,
    last_contact_at     timestamptz,
    last_success_at     timestamptz,
    silent_after_hours  int CHECK (silent_after_hours > 0)
);

-- By which of a source's own ids it knows a person.
CREATE TABLE person_key (
    source      text NOT NULL REFERENCES hris_source,
    external_id text NOT NULL,
    person_id   uuid NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (source, external_id)
);
CREATE INDEX person_key_person ON person_key (person_id);

-- So many ended at once that their matches wait until an administrator has looked; their access has stopped.
CREATE TABLE hris_hold (
    id         uuid PRIMARY KEY,
    source     text NOT NULL REFERENCES hris_source,
    state      text NOT NULL CHECK (state IN ('open', 'confirmed', 'dismissed')),
    people_max int NOT NULL,
    opened_at  timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text
);
CREATE UNIQUE INDEX hris_hold_open ON hris_hold (source) WHERE state = 'open';
CREATE INDEX hris_hold_age ON hris_hold (opened_at, id);

-- Everything that was said about people, with what became of it. Facts about nobody known wait for somebody;
-- `due_at` is the beginning of the day on which a fact holds. `settled` facts cannot matter any more.
CREATE TABLE hris_fact (
    source          text NOT NULL REFERENCES hris_source,
    event_id        text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 200),
    arrival         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind            text NOT NULL,
    employee_number text,
    external_id     text,
    work_email      text,
    fields          jsonb NOT NULL,
    effective_on    date,
    until           date,
    said_at         timestamptz,
    said_version    bigint,
    received_at     timestamptz NOT NULL,
    person_id       uuid REFERENCES person DEFERRABLE INITIALLY DEFERRED,
    state           text NOT NULL
        CHECK (state IN ('applied', 'waiting', 'superseded', 'held', 'rejected', 'cancelled')),
    field           text NOT NULL DEFAULT '',
    reason          text NOT NULL DEFAULT '',
    due_at          timestamptz,
    applied_at      timestamptz,
    settled         boolean NOT NULL DEFAULT false,
    hold_id         uuid REFERENCES hris_hold,
    PRIMARY KEY (source, event_id)
);
CREATE INDEX hris_fact_person ON hris_fact (person_id, arrival);
CREATE INDEX hris_fact_live ON hris_fact (person_id) WHERE NOT settled;
CREATE INDEX hris_fact_state ON hris_fact (state, arrival) WHERE state IN ('held', 'rejected', 'waiting');
CREATE INDEX hris_fact_nobodys_number ON hris_fact (employee_number) WHERE person_id IS NULL AND state = 'waiting';
CREATE INDEX hris_fact_nobodys_key ON hris_fact (source, external_id) WHERE person_id IS NULL AND state = 'waiting';
CREATE INDEX hris_fact_nobodys_email ON hris_fact (work_email) WHERE person_id IS NULL AND state = 'waiting';
CREATE INDEX hris_fact_nobodys_day ON hris_fact (due_at)
    WHERE person_id IS NULL AND state = 'waiting' AND due_at IS NOT NULL;
CREATE INDEX hris_fact_ending ON hris_fact (source, applied_at)
    WHERE kind IN ('inactive', 'termination') AND state = 'applied';
CREATE INDEX hris_fact_hold ON hris_fact (hold_id) WHERE hold_id IS NOT NULL;
-- What came in today, by source, is counted without reading what came in before.
CREATE INDEX hris_fact_received ON hris_fact USING brin (received_at);

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
    created_at      timestamptz NOT NULL,
    -- When an evergreen programme looks whether whoever joined can be offered somebody before its next round.
    next_offer_at   timestamptz
);
CREATE INDEX programme_age ON programme (created_at, id);
CREATE INDEX programme_next_offer ON programme (next_offer_at) WHERE next_offer_at IS NOT NULL;
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
    -- Whoever left and comes back has a new participation.
    state        text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'left')),
    left_at      timestamptz,
    left_reason  text,
    -- HR says so: on leave, or inactive; to the end of `away_until`, where that is known.
    away_reason  text CHECK (away_reason IN ('leave', 'inactive')),
    away_until   date,
    CHECK (role = 'mentor' OR capacity = 1),
    CHECK (away_reason IS NOT NULL OR away_until IS NULL)
);
CREATE UNIQUE INDEX participation_once ON participation (programme_id, person_id, role) WHERE state = 'active';
CREATE INDEX participation_programme ON participation (programme_id, joined_at, id);
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
    -- When the talk of a flash pair begins.
    talk_at                 timestamptz,
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
    -- Why somebody has to look at an active match, and since when.
    flag                    text,
    flagged_at              timestamptz,
    -- A proposal whose people changed since it was scored.
    stale                   boolean NOT NULL DEFAULT false,
    -- When the one talk of a flash match begins.
    talk_at                 timestamptz,
    CHECK (mentee_id <> mentor_id)
);
CREATE INDEX match_age ON match (created_at, id);
CREATE INDEX match_group ON match (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX match_programme ON match (programme_id, created_at, id);
CREATE INDEX match_run ON match (run_id) WHERE run_id IS NOT NULL;
CREATE UNIQUE INDEX match_one_per_mentee ON match (mentee_participation_id) WHERE state IN ('proposed', 'active');
CREATE UNIQUE INDEX match_one_per_peer ON match (mentor_participation_id)
    WHERE peer AND state IN ('proposed', 'active');
CREATE UNIQUE INDEX match_one_per_talk ON match (mentor_participation_id, talk_at)
    WHERE talk_at IS NOT NULL AND state IN ('proposed', 'active');
CREATE INDEX match_seats ON match (mentor_participation_id) WHERE state IN ('proposed', 'active');
CREATE INDEX match_answer_by ON match (answer_by) WHERE state = 'proposed';
CREATE INDEX match_ends_on ON match (ends_on) WHERE state = 'active';
CREATE INDEX match_stale ON match (programme_id) WHERE stale AND state = 'proposed';
CREATE INDEX match_flagged ON match (flagged_at, id) WHERE flag IS NOT NULL AND state = 'active';
CREATE INDEX match_mentee ON match (mentee_id) WHERE state IN ('proposed', 'active');
CREATE INDEX match_mentor ON match (mentor_id) WHERE state IN ('proposed', 'active');

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

-- What opens a source's door. Of a token only the hash is kept; a webhook's secret has to be known to check
-- signatures, so it is kept sealed with a key that is not in this database. All times here are wall time.
CREATE TABLE hris_credential (
    id         uuid PRIMARY KEY,
    source     text NOT NULL REFERENCES hris_source,
    kind       text NOT NULL CHECK (kind IN ('token', 'secret')),
    scope      text NOT NULL CHECK (scope IN ('scim', 'hris:events', 'hris:files')),
    sha256     text UNIQUE CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    sealed     bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CHECK ((kind = 'token') = (sha256 IS NOT NULL AND expires_at IS NOT NULL)),
    CHECK ((kind = 'secret') = (sealed IS NOT NULL))
);
CREATE INDEX hris_credential_of_source ON hris_credential (source, kind, created_at);

-- Deliveries of webhooks, so that one that comes again is known; kept for some days of wall time.
CREATE TABLE hris_delivery (
    source      text NOT NULL REFERENCES hris_source,
    delivery_id text NOT NULL,
    sha256      text NOT NULL,
    facts       int NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (source, delivery_id)
);
CREATE INDEX hris_delivery_age ON hris_delivery (received_at);

-- Facts that are stored and not yet taken over. A row leaves when its fact is taken over; one that fails stays
-- with its error, until somebody has mended the cause and asks for it again.
CREATE TABLE hris_received (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL REFERENCES hris_source,
    event_id    text NOT NULL,
    fact        jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    error       text
);
CREATE INDEX hris_received_waiting ON hris_received (id) WHERE error IS NULL;

-- What identity providers keep here through SCIM: users and groups as they were sent.
CREATE TABLE scim_resource (
    id          uuid PRIMARY KEY,
    source      text NOT NULL REFERENCES hris_source,
    kind        text NOT NULL CHECK (kind IN ('User', 'Group')),
    -- As it was sent, without its id, its dates and its members; empty once it is deleted.
    resource    jsonb NOT NULL,
    -- All of it in the form in which filters compare it.
    compared    jsonb NOT NULL,
    -- The userName or displayName as it is compared.
    name_key    text NOT NULL,
    external_id text,
    person_id   uuid REFERENCES person,
    version     int NOT NULL,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    deleted_at  timestamptz
);
-- What tells most comes first: then no index is taken for another before the table was analysed.
CREATE UNIQUE INDEX scim_user_name ON scim_resource (name_key, source) WHERE kind = 'User' AND deleted_at IS NULL;
CREATE INDEX scim_user_external_id ON scim_resource (external_id, source) WHERE kind = 'User' AND deleted_at IS NULL;
CREATE INDEX scim_user_page ON scim_resource (id) INCLUDE (source) WHERE kind = 'User' AND deleted_at IS NULL;
CREATE INDEX scim_group_page ON scim_resource (id) INCLUDE (source) WHERE kind = 'Group' AND deleted_at IS NULL;
CREATE INDEX scim_person ON scim_resource (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX scim_compared ON scim_resource USING gin (compared jsonb_path_ops) WITH (fastupdate = off)
    WHERE deleted_at IS NULL;

-- How many there are of a kind: the sum of the rows, which are many so that writers do not wait for each other.
CREATE TABLE scim_tally (
    source text NOT NULL REFERENCES hris_source,
    kind   text NOT NULL,
    slot   int NOT NULL,
    many   bigint NOT NULL,
    PRIMARY KEY (source, kind, slot)
);

CREATE TABLE scim_member (
    group_id  uuid NOT NULL REFERENCES scim_resource,
    member_id uuid NOT NULL REFERENCES scim_resource,
    -- As it is sent: id, address below /scim/v2, kind and the name to be displayed.
    entry     jsonb NOT NULL,
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX scim_member_of ON scim_member (member_id);

-- Which groups stand for a role in a programme.
CREATE TABLE scim_group_role (
    group_id     uuid PRIMARY KEY REFERENCES scim_resource,
    programme_id uuid NOT NULL REFERENCES programme,
    role         text NOT NULL CHECK (role IN ('mentee', 'mentor', 'peer')),
    mapped_at    timestamptz NOT NULL
);

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

-- Who changed what, when, from what to what: only ever added to. A sealed entry is a link of a chain over
-- H(salt ‖ payload), so that what is erased from an entry can go while the chain still holds.
CREATE TABLE audit_entry (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Wall time of the transaction.
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    action     text NOT NULL CHECK (action IN ('insert', 'update', 'delete', 'forget')),
    subject    text NOT NULL,
    key        text NOT NULL,
    -- Whom it is about, where it is about people.
    person_id  uuid,
    partner_id uuid,
    -- JSON of the columns that changed, before and after. Both are empty once they were erased.
    salt       bytea,
    payload    text,
    -- The seal: the place in the chain, the hash of salt and payload, the hash of all this and of the link before.
    position   bigint,
    digest     bytea,
    link       bytea,
    CHECK ((salt IS NULL) = (payload IS NULL))
);
COMMENT ON TABLE audit_entry IS 'append-only';
CREATE UNIQUE INDEX audit_entry_chain ON audit_entry (position) WHERE position IS NOT NULL;
CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE position IS NULL;
CREATE INDEX audit_entry_person ON audit_entry (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX audit_entry_partner ON audit_entry (partner_id, id) WHERE partner_id IS NOT NULL;

-- Notes every change of a table from now on, one entry for each row that a statement changed, written as it is: what
-- is the same before and after is left out when it is sealed. `left_out` are columns that are never to be noted;
-- with `only_named` no entry is made of what nobody did by name.
CREATE FUNCTION audit_changes_of(changed text, keys text[], person text, partner text, left_out text[],
                                 only_named boolean) RETURNS void
LANGUAGE plpgsql AS $make$
DECLARE
    key text := (SELECT string_agg(format('n.%I', name), ', ') FROM unnest(keys) AS name);
    same text := (SELECT string_agg(format('o.%1$I = n.%1$I', name), ' AND ') FROM unnest(keys) AS name);
    about text := format('concat_ws('' '', %s), %s, %s', key, coalesce('n.' || quote_ident(person), 'NULL::uuid'),
                         coalesce('n.' || quote_ident(partner), 'NULL::uuid'));
    told text := CASE WHEN left_out = '{}' THEN 'row_to_json(%1$s)::text'
                      ELSE format('(to_jsonb(%%1$s) - %L::text[])::text', left_out) END;
BEGIN
    EXECUTE format($sql$
        CREATE FUNCTION note_%1$s() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_nestloop = off AS $note$
        DECLARE
            who text := nullif(current_setting('mentoring.actor', true), '');
        BEGIN
            IF who IS NULL AND %2$L THEN
                RETURN NULL;
            END IF;
            who := coalesce(who, 'the service itself');
            IF TG_OP = 'INSERT' THEN
                INSERT INTO audit_entry (at, actor, action, subject, key, person_id, partner_id, salt, payload)
                SELECT now(), who, 'insert', %1$L, %3$s, uuid_send(gen_random_uuid()), '{"after":' || %4$s || '}'
                FROM became n;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO audit_entry (at, actor, action, subject, key, person_id, partner_id, salt, payload)
                SELECT now(), who, 'delete', %1$L, %3$s, uuid_send(gen_random_uuid()), '{"before":' || %4$s || '}'
                FROM was n;
            ELSE
                INSERT INTO audit_entry (at, actor, action, subject, key, person_id, partner_id, salt, payload)
                SELECT now(), who, 'update', %1$L, %3$s, uuid_send(gen_random_uuid()),
                       '{"before":' || %5$s || ',"after":' || %4$s || '}'
                FROM was o JOIN became n ON %6$s WHERE o *<> n;
            END IF;
            RETURN NULL;
        END $note$
        $sql$, changed, only_named, about, format(told, 'n'), format(told, 'o'), same);
    EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS became '
                   'FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s()', changed);
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS was '
                   'NEW TABLE AS became FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s()', changed);
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS was '
                   'FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s()', changed);
END $make$;

SELECT audit_changes_of('person', '{id}', 'id', NULL, '{}', false),
       audit_changes_of('participation', '{id}', 'person_id', NULL, '{}', false),
       audit_changes_of('programme', '{id}', NULL, NULL, '{}', false),
       audit_changes_of('match', '{id}', 'mentee_id', 'mentor_id', '{explanation}', true),
       audit_changes_of('block', '{mentee_id,mentor_id}', 'mentee_id', 'mentor_id', '{}', true),
       audit_changes_of('matching_run', '{id}', NULL, NULL, '{rules,inputs_hash,blocking,edition}', true),
       audit_changes_of('run_decision', '{run_id,ordinal}', NULL, NULL, '{reason}', false),
       audit_changes_of('hris_source', '{name}', NULL, NULL, '{last_contact_at,last_success_at}', false),
       audit_changes_of('hris_credential', '{id}', NULL, NULL, '{sha256,sealed}', false),
       audit_changes_of('hris_hold', '{id}', NULL, NULL, '{}', false),
       audit_changes_of('scim_group_role', '{group_id}', NULL, NULL, '{}', false),
       audit_changes_of('erasure', '{id}', 'person_id', NULL, '{}', false);

-- What a payload says that is worth keeping: of an update what is not the same, of the others what is not empty.
-- NULL where nothing is left but what goes up and down by itself.
CREATE FUNCTION audit_gist(action text, payload text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN action <> 'update' THEN jsonb_strip_nulls(payload::jsonb)::text ELSE (
        SELECT jsonb_build_object('before', jsonb_object_agg(b.name, b.value),
                                  'after', jsonb_object_agg(b.name, a.value))::text
        FROM (SELECT payload::jsonb AS told) AS p
        CROSS JOIN LATERAL jsonb_each(p.told -> 'before') AS b (name, value)
        JOIN LATERAL jsonb_each(p.told -> 'after') AS a (name, value) ON a.name = b.name AND a.value <> b.value
        WHERE b.name <> ALL ('{version,due_at,next_round_at,phase,done,total,stale,last_contact_at,last_success_at}')
        HAVING count(*) > 0) END
$$;

-- The link of an entry: its place, what it says of itself, and the link before. Every part is hashed first, so
-- that no two entries have the same text.
CREATE FUNCTION audit_link(before bytea, place bigint, entry audit_entry, of_payload bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(before || string_agg(sha256(convert_to(part, 'UTF8')), '' ORDER BY number) || of_payload)
    FROM unnest(ARRAY[place::text, entry.id::text,
                      floor(extract(epoch FROM entry.at) * 1000000)::bigint::text, entry.actor, entry.action,
                      entry.subject, entry.key, coalesce(entry.person_id::text, ''),
                      coalesce(entry.partner_id::text, '')]) WITH ORDINALITY AS p (part, number)
$$;

-- Seals the oldest entries that are not, in the order of their ids, each reduced to its gist; one process at a time.
-- Whoever runs the service can add entries and have them sealed, and can change none. Returns how many it took.
CREATE FUNCTION seal_audit(rows_max int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry audit_entry;
    place bigint := 0;
    before bytea := decode(repeat('00', 32), 'hex');
    gist text;
    of_payload bytea;
    taken int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit seal'));
    SELECT e.position, e.link INTO place, before FROM audit_entry e
    WHERE e.position IS NOT NULL ORDER BY e.position DESC LIMIT 1;
    IF NOT FOUND THEN
        place := 0;
        before := decode(repeat('00', 32), 'hex');
    END IF;
    FOR entry IN SELECT e.* FROM audit_entry e WHERE e.position IS NULL ORDER BY e.id LIMIT rows_max LOOP
        taken := taken + 1;
        gist := audit_gist(entry.action, entry.payload);
        IF gist IS NULL AND entry.payload IS NOT NULL THEN
            DELETE FROM audit_entry WHERE id = entry.id;
            CONTINUE;
        END IF;
        place := place + 1;
        of_payload := coalesce(entry.digest, sha256(entry.salt || convert_to(gist, 'UTF8')));
        before := audit_link(before, place, entry, of_payload);
        UPDATE audit_entry SET position = place, digest = of_payload, link = before, payload = gist
        WHERE id = entry.id;
    END LOOP;
    RETURN taken;
END $$;

-- Empties the entries about a person, and notes that it was done: so the verifier knows them as erased.
CREATE FUNCTION forget_audit(of_person uuid) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    UPDATE audit_entry e SET digest = coalesce(e.digest, sha256(e.salt || convert_to(e.payload, 'UTF8'))),
                             salt = NULL, payload = NULL
    WHERE e.payload IS NOT NULL AND e.action <> 'forget' AND (e.person_id = of_person OR e.partner_id = of_person)
    RETURNING e.id;
    IF FOUND THEN
        INSERT INTO audit_entry (at, actor, action, subject, key, person_id, salt, payload)
        VALUES (now(), coalesce(nullif(current_setting('mentoring.actor', true), ''), 'the service itself'), 'forget',
                'person', of_person::text, of_person, uuid_send(gen_random_uuid()), '{}');
    END IF;
END $$;

-- Empties sealed entries that are older than a moment, up to the first one that is not; the note names the last.
CREATE FUNCTION forget_audit_before(moment timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last bigint;
    emptied int;
BEGIN
    SELECT max(e.position) INTO last FROM audit_entry e WHERE e.position IS NOT NULL AND e.at < moment;
    UPDATE audit_entry e SET salt = NULL, payload = NULL
    WHERE e.position <= last AND e.payload IS NOT NULL AND e.action <> 'forget';
    GET DIAGNOSTICS emptied = ROW_COUNT;
    IF emptied > 0 THEN
        INSERT INTO audit_entry (at, actor, action, subject, key, salt, payload)
        VALUES (now(), coalesce(nullif(current_setting('mentoring.actor', true), ''), 'the service itself'), 'forget',
                'audit_entry', last::text, uuid_send(gen_random_uuid()), '{}');
    END IF;
    RETURN emptied;
END $$;

-- The time zone of a site, for rows of files that name none.
CREATE TABLE site_zone (
    site_key   text PRIMARY KEY,
    site       text NOT NULL,
    time_zone  text NOT NULL,
    changed_at timestamptz NOT NULL
);

-- Files of people: what was sent, and how far it is. `tally` counts rows by what became of them, `kinds` the
-- facts that were made of them, `report` is what the file would do.
CREATE TABLE hris_file (
    id          uuid PRIMARY KEY,
    source      text NOT NULL REFERENCES hris_source,
    name        text NOT NULL,
    state       text NOT NULL CHECK (state IN ('waiting', 'applying', 'held', 'done', 'dropped')),
    is_full     boolean NOT NULL,
    dry_run     boolean NOT NULL,
    encoding    text NOT NULL,
    sha256      text NOT NULL,
    size_bytes  bigint NOT NULL,
    sent_by     text NOT NULL,
    rows_total  int NOT NULL,
    rows_done   int NOT NULL,
    tally       jsonb NOT NULL,
    kinds       jsonb NOT NULL,
    report      jsonb,
    created_at  timestamptz NOT NULL,
    decided_by  text,
    decided_at  timestamptz,
    finished_at timestamptz,
    -- When its rows and rejects were forgotten.
    emptied_at  timestamptz
);
CREATE INDEX hris_file_age ON hris_file (created_at, id);
CREATE INDEX hris_file_open ON hris_file (created_at, id) WHERE state IN ('waiting', 'applying');
CREATE INDEX hris_file_kept ON hris_file (created_at) WHERE emptied_at IS NULL;

-- Rows that are not applied yet, in the order in which they will be. Whomever the file lacks is a row
-- without a line. No foreign key: looking it up for each of a hundred thousand rows takes seconds.
CREATE TABLE hris_file_row (
    file_id         uuid NOT NULL,
    place           int NOT NULL,
    line            int,
    employee_number text NOT NULL,
    user_name_key   text,
    work_email_key  text,
    digest          text NOT NULL,
    cells           text[] NOT NULL,
    -- Whether it may end somebody, or make them inactive.
    ends            boolean NOT NULL,
    PRIMARY KEY (file_id, place)
);
CREATE INDEX hris_file_row_number ON hris_file_row (file_id, employee_number);

CREATE TABLE hris_file_reject (
    file_id         uuid NOT NULL REFERENCES hris_file,
    line            int NOT NULL,
    employee_number text NOT NULL,
    field           text NOT NULL,
    reason          text NOT NULL,
    PRIMARY KEY (file_id, line, employee_number, field)
);

-- What the last file of a source said of an employee number: so that the same again is nothing new, and that
-- whomever a file lacks is known. No foreign key, as above.
CREATE TABLE hris_roster (
    source          text NOT NULL,
    employee_number text NOT NULL,
    -- Of the row; empty where it was not taken over.
    digest          text NOT NULL,
    -- How often a row of this employee was new.
    serial          int NOT NULL,
    status          text NOT NULL CHECK (status IN ('active', 'leave', 'inactive', 'terminated', 'missing')),
    -- Of a leave, or since when somebody is inactive.
    since           date,
    until           date,
    ends_on         date,
    PRIMARY KEY (source, employee_number)
);
