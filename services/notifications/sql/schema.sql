-- The whole schema of notifications, for reading; the migrations add up to it.
-- Cards of people, programmes and pairs as heard; sessions as announced; messages as owed, sent or given up.

-- `access_since` is when somebody was let in again who had been shut out: nothing older is told to them.
CREATE TABLE person (
    person_id    uuid PRIMARY KEY,
    version      int NOT NULL,
    given_name   text NOT NULL,
    family_name  text NOT NULL,
    email        text NOT NULL,
    title        text NOT NULL,
    time_zone    text NOT NULL,
    status       text NOT NULL DEFAULT 'active',
    access_since timestamptz
);

CREATE TABLE programme (
    programme_id uuid PRIMARY KEY,
    version      int NOT NULL,
    name         text NOT NULL,
    organiser_id uuid
);

-- The newest word on whether somebody takes part. `until` is empty where it is not sure; the rest is what it
-- takes to tell a partner of whom is heard only later.
CREATE TABLE absence (
    participation_id uuid PRIMARY KEY,
    version          int NOT NULL,
    person_id        uuid NOT NULL,
    state            text NOT NULL DEFAULT 'back' CHECK (state IN ('away', 'back')),
    programme_id     uuid,
    role             text CHECK (role IN ('mentee', 'mentor', 'peer')),
    since            timestamptz,
    until            date,
    cause            uuid,
    traceparent      text,
    correlation_id   uuid
);
CREATE INDEX absence_of_person ON absence (person_id);

-- `ends_on` is known once the match is made; `ended` says that it is over.
CREATE TABLE pair (
    match_id     uuid PRIMARY KEY,
    version      int NOT NULL,
    programme_id uuid NOT NULL,
    mentee_id    uuid NOT NULL,
    mentor_id    uuid NOT NULL,
    ends_on      date,
    ended        boolean NOT NULL DEFAULT false
);
CREATE INDEX pair_of_mentee ON pair (mentee_id) WHERE NOT ended;
CREATE INDEX pair_of_mentor ON pair (mentor_id) WHERE NOT ended;

-- The sessions that the pairs of a circle hold together share `meeting_id`. Under that id the meeting itself is a row,
-- too: what its mentor was told.
CREATE TABLE meeting (
    session_id uuid PRIMARY KEY,
    match_id   uuid NOT NULL,
    sequence   int NOT NULL,
    state      text NOT NULL CHECK (state IN ('planned', 'cancelled', 'missed', 'completed')),
    meeting_id uuid
);
CREATE INDEX meeting_of_circle ON meeting (meeting_id) WHERE meeting_id IS NOT NULL;

-- A message is owed to one person because of one event. The id is its Message-ID. `due_at`, `caused_at` and
-- `sent_at` are business time, `lease_until` and `not_before` wall time. While somebody is on leave all but
-- cancellations wait, whatever is due.
CREATE TABLE message (
    id             uuid PRIMARY KEY,
    recipient_id   uuid NOT NULL,
    cause          uuid NOT NULL,
    traceparent    text NOT NULL,
    correlation_id uuid NOT NULL,
    kind           text NOT NULL,
    channel        text NOT NULL,
    state          text NOT NULL DEFAULT 'waiting'
                   CHECK (state IN ('waiting', 'sent', 'failed', 'withdrawn')),
    caused_at      timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    useful_until   timestamptz,
    programme_id   uuid NOT NULL,
    match_id       uuid,
    reason         text,
    session_id     uuid,
    ordinal        int,
    sequence       int,
    starts_at      timestamptz,
    ends_at        timestamptz,
    mode           text,
    was_at         timestamptz,
    calendar       boolean NOT NULL,
    attempts       int NOT NULL DEFAULT 0,
    lease_until    timestamptz,
    leased_by      text,
    not_before     timestamptz,
    sent_at        timestamptz,
    error          text,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (recipient_id, cause, kind, channel)
);
CREATE INDEX message_waiting ON message (due_at, id) WHERE state = 'waiting';
CREATE INDEX message_of_recipient ON message (recipient_id) WHERE state = 'waiting';
CREATE INDEX message_session ON message (session_id, recipient_id, sequence) WHERE session_id IS NOT NULL;
CREATE INDEX message_match ON message (match_id) WHERE match_id IS NOT NULL;
CREATE INDEX message_age ON message (created_at, id);
