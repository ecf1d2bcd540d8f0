-- What the company's records say of a person: who lost access is owed nothing, on leave mails wait.
ALTER TABLE person ADD COLUMN status text NOT NULL DEFAULT 'active';

-- Who runs a programme is told when somebody has to look at a pair.
ALTER TABLE programme ADD COLUMN organiser_id uuid;

-- Of each participation how new the last word on an absence was: older news is told to nobody.
CREATE TABLE absence (
    participation_id uuid PRIMARY KEY,
    version          int NOT NULL,
    person_id        uuid NOT NULL
);
CREATE INDEX absence_of_person ON absence (person_id);
CREATE INDEX pair_of_mentee ON pair (mentee_id) WHERE NOT ended;
CREATE INDEX pair_of_mentor ON pair (mentor_id) WHERE NOT ended;
CREATE INDEX message_of_recipient ON message (recipient_id) WHERE state = 'waiting';
