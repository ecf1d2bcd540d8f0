-- People who were erased: ids that lead back to nobody. What is heard of them late brings nothing back.

CREATE TABLE erased_person (
    person_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
