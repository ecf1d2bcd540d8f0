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
