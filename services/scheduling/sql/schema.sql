-- The rhythm and the work of a pair: what both agreed on, when they meet, and what they say about it.

-- Needed by busy_time: one index over a person and a stretch of time.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Our copy of what matching says of people, programmes and who takes part. The newest version wins.
CREATE TABLE person (
    person_id       uuid PRIMARY KEY,
    version         int NOT NULL,
    employee_number text NOT NULL,
    given_name      text NOT NULL,
    family_name     text NOT NULL,
    time_zone       text NOT NULL,
    status          text NOT NULL DEFAULT 'active'
);

CREATE TABLE programme (
    programme_id uuid PRIMARY KEY,
    version      int NOT NULL,
    name         text NOT NULL
);

-- `hours` is a list of (weekday, opens, closes): 0 is Monday, minutes of local wall time from midnight.
CREATE TABLE participation (
    participation_id uuid PRIMARY KEY,
    version          int NOT NULL,
    person_id        uuid NOT NULL,
    programme_id     uuid NOT NULL,
    role             text NOT NULL CHECK (role IN ('mentee', 'mentor', 'peer')),
    hours            smallint[] NOT NULL,
    joined_at        timestamptz NOT NULL
);
CREATE INDEX participation_of_person ON participation (person_id, programme_id, role, joined_at);

-- Since when and until when somebody takes no part; of each participation the newest word is kept.
CREATE TABLE absence (
    participation_id uuid PRIMARY KEY,
    version          int NOT NULL,
    person_id        uuid NOT NULL,
    state            text NOT NULL CHECK (state IN ('away', 'back', 'left')),
    since            timestamptz NOT NULL,
    until            date
);
CREATE INDEX absence_of_person ON absence (person_id);

-- One row for each pair. Its lock is taken before anything of the pair is changed, with those of its circle:
-- the pairs that have its `group_id`. `terms_version` counts the terms; a side has confirmed when it names the
-- current one.
CREATE TABLE agreement (
    match_id         uuid PRIMARY KEY,
    programme_id     uuid NOT NULL,
    mentee_id        uuid NOT NULL,
    mentor_id        uuid NOT NULL CHECK (mentor_id <> mentee_id),
    made_at          timestamptz NOT NULL,
    ends_on          date NOT NULL,
    session_minutes  int NOT NULL CHECK (session_minutes BETWEEN 15 AND 240),
    state            text NOT NULL CHECK (state IN ('draft', 'confirmed', 'closed')),
    terms_version    int NOT NULL,
    hours_per_month  int NOT NULL,
    cadence          text NOT NULL CHECK (cadence IN ('weekly', 'biweekly', 'monthly', 'quarterly')),
    focus            text NOT NULL CHECK (focus IN ('career', 'skills', 'leadership', 'network', 'change')),
    mentee_confirmed int,
    mentor_confirmed int,
    confirmed_at     timestamptz,
    ended_at         timestamptz,
    ended_reason     text,
    group_id         uuid,
    -- When the one session of a flash match is: nothing is left to agree on.
    talk_at          timestamptz,
    CHECK (state <> 'confirmed' OR (mentee_confirmed = terms_version AND mentor_confirmed = terms_version
                                    AND confirmed_at IS NOT NULL))
);
CREATE INDEX agreement_age ON agreement (made_at, match_id);
CREATE INDEX agreement_of_mentee ON agreement (mentee_id) WHERE state <> 'closed';
CREATE INDEX agreement_of_mentor ON agreement (mentor_id) WHERE state <> 'closed';
CREATE INDEX agreement_of_group ON agreement (group_id) WHERE group_id IS NOT NULL;

-- Pairs that wait for their next session. `due_wall` is the mentee's wall time, empty before the first one;
-- `problem` says why the last try found no slot.
CREATE TABLE booking (
    match_id uuid PRIMARY KEY REFERENCES agreement,
    book_at  timestamptz NOT NULL,
    due_wall timestamp,
    problem  text CHECK (problem IN ('no-common-hours', 'no-free-slot', 'away'))
);
CREATE INDEX booking_next ON booking (book_at);

-- The instant, and the zone and wall time in which it was agreed (the mentee's). The sessions of one meeting of
-- a circle have one `meeting_id`; a pair's has none.
CREATE TABLE session (
    session_id  uuid PRIMARY KEY,
    match_id    uuid NOT NULL REFERENCES agreement,
    ordinal     int NOT NULL CHECK (ordinal >= 1),
    state       text NOT NULL CHECK (state IN ('scheduled', 'completed', 'missed', 'cancelled')),
    sequence    int NOT NULL CHECK (sequence >= 0),
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
    zone        text NOT NULL,
    starts_wall timestamp NOT NULL,
    due_wall    timestamp NOT NULL,
    mode        text NOT NULL,
    created_at  timestamptz NOT NULL,
    closed_at   timestamptz,
    closed_by   uuid,
    late        boolean NOT NULL,
    meeting_id  uuid,
    UNIQUE (match_id, ordinal),
    CHECK ((state = 'scheduled') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX session_open ON session (match_id) WHERE state = 'scheduled';
CREATE INDEX session_unanswered ON session (ends_at) WHERE state = 'scheduled';
CREATE INDEX session_age ON session (created_at, session_id);
CREATE INDEX session_of_meeting ON session (meeting_id) WHERE meeting_id IS NOT NULL;

-- The times a person's sessions take: whoever races for one, the constraint lets one have it. Of a meeting of a
-- circle `session_id` is the `meeting_id` of its sessions, so that the mentor's time is taken once.
CREATE TABLE busy_time (
    session_id uuid NOT NULL,
    person_id  uuid NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    PRIMARY KEY (session_id, person_id),
    CONSTRAINT busy_time_never_twice
        EXCLUDE USING gist (person_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
);

-- What one of a pair says about a session. The text is read through feedback_reader only.
CREATE TABLE feedback (
    feedback_id       uuid PRIMARY KEY,
    session_id        uuid NOT NULL REFERENCES session,
    author_id         uuid NOT NULL,
    about_id          uuid NOT NULL CHECK (about_id <> author_id),
    went_well         text NOT NULL CHECK (length(went_well) <= 2000),
    to_improve        text NOT NULL CHECK (length(to_improve) <= 2000),
    encouragement     text NOT NULL CHECK (length(encouragement) <= 2000),
    rating_overall    int NOT NULL CHECK (rating_overall BETWEEN 1 AND 5),
    rating_usefulness int NOT NULL CHECK (rating_usefulness BETWEEN 1 AND 5),
    rating_listening  int NOT NULL CHECK (rating_listening BETWEEN 1 AND 5),
    fit               text CHECK (fit IN ('good', 'unsure', 'not-good')),
    share             text NOT NULL CHECK (share IN ('partner', 'private')),
    submitted_at      timestamptz NOT NULL,
    UNIQUE (session_id, author_id)
);

CREATE TABLE feedback_reader (
    feedback_id uuid NOT NULL REFERENCES feedback ON DELETE CASCADE,
    reader_id   uuid NOT NULL,
    PRIMARY KEY (feedback_id, reader_id)
);
CREATE INDEX feedback_of_reader ON feedback_reader (reader_id);
