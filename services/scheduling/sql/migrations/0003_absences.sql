-- What the company's records say of a person; the newest card tells it, and all who are known were at work.
ALTER TABLE person ADD COLUMN status text NOT NULL DEFAULT 'active';

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

-- Pairs of which one is away wait until both are back.
ALTER TABLE booking DROP CONSTRAINT booking_problem_check;
ALTER TABLE booking ADD CONSTRAINT booking_problem_check
    CHECK (problem IN ('no-common-hours', 'no-free-slot', 'away'));
CREATE INDEX agreement_of_mentee ON agreement (mentee_id) WHERE state <> 'closed';
CREATE INDEX agreement_of_mentor ON agreement (mentor_id) WHERE state <> 'closed';
