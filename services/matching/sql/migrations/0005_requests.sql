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
