-- A person is what the facts about them add up to.
ALTER TABLE person DROP CONSTRAINT person_status_check;
ALTER TABLE person ADD CONSTRAINT person_status_check
    CHECK (status IN ('active', 'leave', 'inactive', 'terminated'));
ALTER TABLE person
    ADD COLUMN leave_from date,
    ADD COLUMN leave_until date,
    ADD COLUMN inactive_on date,
    ADD COLUMN grace_until date,
    ADD COLUMN terminated_on date,
    ADD COLUMN erase_asked boolean NOT NULL DEFAULT false,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN manager_source text,
    ADD COLUMN manager_external_id text,
    ADD COLUMN manager_said_at timestamptz,
    ADD COLUMN manager_cut_id uuid REFERENCES person;
CREATE INDEX person_due ON person (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX person_manager ON person (manager_id) WHERE manager_id IS NOT NULL;
CREATE INDEX person_of_unknown_key ON person (manager_source, manager_external_id)
    WHERE manager_id IS NULL AND manager_external_id IS NOT NULL;
CREATE INDEX person_manager_cut ON person (id) WHERE manager_cut_id IS NOT NULL;
-- Who has left does not keep a user name or an address from others.
ALTER TABLE person DROP CONSTRAINT person_user_name, DROP CONSTRAINT person_work_email;
ALTER TABLE person
    ADD CONSTRAINT person_user_name EXCLUDE USING btree (user_name_key WITH =)
        WHERE (status <> 'terminated') DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT person_work_email EXCLUDE USING btree (work_email_key WITH =)
        WHERE (status <> 'terminated') DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE person_key (
    source      text NOT NULL REFERENCES hris_source,
    external_id text NOT NULL,
    person_id   uuid NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (source, external_id)
);
CREATE INDEX person_key_person ON person_key (person_id);

CREATE TABLE hris_hold (
    id         uuid PRIMARY KEY,
    source     text NOT NULL REFERENCES hris_source,
    state      text NOT NULL CHECK (state IN ('open', 'confirmed', 'dismissed')),
    people_max int NOT NULL,
    opened_at  timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text
);
CREATE UNIQUE INDEX hris_hold_open ON hris_hold (source) WHERE state = 'open';
CREATE INDEX hris_hold_age ON hris_hold (opened_at, id);

CREATE TABLE hris_fact (
    source          text NOT NULL REFERENCES hris_source,
    event_id        text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 200),
    arrival         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind            text NOT NULL,
    employee_number text,
    external_id     text,
    work_email      text,
    fields          jsonb NOT NULL,
    effective_on    date,
    until           date,
    said_at         timestamptz,
    said_version    bigint,
    received_at     timestamptz NOT NULL,
    person_id       uuid REFERENCES person DEFERRABLE INITIALLY DEFERRED,
    state           text NOT NULL
        CHECK (state IN ('applied', 'waiting', 'superseded', 'held', 'rejected', 'cancelled')),
    field           text NOT NULL DEFAULT '',
    reason          text NOT NULL DEFAULT '',
    due_at          timestamptz,
    applied_at      timestamptz,
    settled         boolean NOT NULL DEFAULT false,
    hold_id         uuid REFERENCES hris_hold,
    PRIMARY KEY (source, event_id)
);
CREATE INDEX hris_fact_person ON hris_fact (person_id, arrival);
CREATE INDEX hris_fact_live ON hris_fact (person_id) WHERE NOT settled;
CREATE INDEX hris_fact_state ON hris_fact (state, arrival) WHERE state IN ('held', 'rejected', 'waiting');
CREATE INDEX hris_fact_nobodys_number ON hris_fact (employee_number) WHERE person_id IS NULL AND state = 'waiting';
CREATE INDEX hris_fact_nobodys_key ON hris_fact (source, external_id) WHERE person_id IS NULL AND state = 'waiting';
CREATE INDEX hris_fact_nobodys_email ON hris_fact (work_email) WHERE person_id IS NULL AND state = 'waiting';
CREATE INDEX hris_fact_nobodys_day ON hris_fact (due_at)
    WHERE person_id IS NULL AND state = 'waiting' AND due_at IS NOT NULL;
CREATE INDEX hris_fact_ending ON hris_fact (source, applied_at)
    WHERE kind IN ('inactive', 'termination') AND state = 'applied';
CREATE INDEX hris_fact_hold ON hris_fact (hold_id) WHERE hold_id IS NOT NULL;

-- Who takes part, until they leave; whoever comes back has a new participation.
ALTER TABLE participation
    ADD COLUMN state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'left')),
    ADD COLUMN left_at timestamptz,
    ADD COLUMN left_reason text,
    ADD COLUMN away_reason text CHECK (away_reason IN ('leave', 'inactive')),
    ADD COLUMN away_until date,
    ADD CHECK (away_reason IS NOT NULL OR away_until IS NULL);
ALTER TABLE participation DROP CONSTRAINT participation_programme_id_person_id_role_key;
CREATE UNIQUE INDEX participation_once ON participation (programme_id, person_id, role) WHERE state = 'active';
CREATE INDEX participation_programme ON participation (programme_id, joined_at, id);

-- Somebody has to look at the match; a proposal whose people changed is scored again.
ALTER TABLE match
    ADD COLUMN flag text,
    ADD COLUMN flagged_at timestamptz,
    ADD COLUMN stale boolean NOT NULL DEFAULT false;
CREATE INDEX match_stale ON match (programme_id) WHERE stale AND state = 'proposed';
CREATE INDEX match_flagged ON match (flagged_at, id) WHERE flag IS NOT NULL AND state = 'active';
CREATE INDEX match_mentee ON match (mentee_id) WHERE state IN ('proposed', 'active');
CREATE INDEX match_mentor ON match (mentor_id) WHERE state IN ('proposed', 'active');
