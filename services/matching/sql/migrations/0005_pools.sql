-- Where a person comes from; empty: the company itself.
ALTER TABLE person ADD COLUMN pool text NOT NULL DEFAULT ''
    CHECK (pool IN ('', 'workplace', 'alumni', 'association'));
