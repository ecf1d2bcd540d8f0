-- Who of a completed match wants to go on without the programme; where both do, the match is informal.
CREATE TABLE continuation (
    match_id  uuid NOT NULL REFERENCES match,
    person_id uuid NOT NULL REFERENCES person,
    said_at   timestamptz NOT NULL,
    PRIMARY KEY (match_id, person_id)
);
ALTER TABLE match DROP CONSTRAINT match_state_check,
    ADD CONSTRAINT match_state_check
        CHECK (state IN ('proposed', 'active', 'declined', 'lapsed', 'ended', 'informal'));
