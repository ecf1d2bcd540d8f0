-- What a "no" taught about whoever said it: goals a mentor does not teach, and until when to leave them in peace.
CREATE TABLE lesson (
    match_id         uuid PRIMARY KEY REFERENCES match,
    participation_id uuid NOT NULL REFERENCES participation,
    code             text NOT NULL,
    not_taught       text[] NOT NULL,
    paused_until     timestamptz
);
CREATE INDEX lesson_participation ON lesson (participation_id);
