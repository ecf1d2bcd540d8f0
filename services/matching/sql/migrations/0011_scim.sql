-- What identity providers keep here through SCIM: users and groups as they were sent.
CREATE TABLE scim_resource (
    id          uuid PRIMARY KEY,
    source      text NOT NULL REFERENCES hris_source,
    kind        text NOT NULL CHECK (kind IN ('User', 'Group')),
    -- As it was sent, without its id, its dates and its members; empty once it is deleted.
    resource    jsonb NOT NULL,
    -- All of it in the form in which filters compare it.
    compared    jsonb NOT NULL,
    -- The userName or displayName as it is compared.
    name_key    text NOT NULL,
    external_id text,
    person_id   uuid REFERENCES person,
    version     int NOT NULL,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    deleted_at  timestamptz
);
-- What tells most comes first: then no index is taken for another before the table was analysed.
CREATE UNIQUE INDEX scim_user_name ON scim_resource (name_key, source) WHERE kind = 'User' AND deleted_at IS NULL;
CREATE INDEX scim_user_external_id ON scim_resource (external_id, source) WHERE kind = 'User' AND deleted_at IS NULL;
CREATE INDEX scim_user_page ON scim_resource (id) INCLUDE (source) WHERE kind = 'User' AND deleted_at IS NULL;
CREATE INDEX scim_group_page ON scim_resource (id) INCLUDE (source) WHERE kind = 'Group' AND deleted_at IS NULL;
CREATE INDEX scim_person ON scim_resource (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX scim_compared ON scim_resource USING gin (compared jsonb_path_ops) WITH (fastupdate = off)
    WHERE deleted_at IS NULL;

-- How many there are of a kind: the sum of the rows, which are many so that writers do not wait for each other.
CREATE TABLE scim_tally (
    source text NOT NULL REFERENCES hris_source,
    kind   text NOT NULL,
    slot   int NOT NULL,
    many   bigint NOT NULL,
    PRIMARY KEY (source, kind, slot)
);

CREATE TABLE scim_member (
    group_id  uuid NOT NULL REFERENCES scim_resource,
    member_id uuid NOT NULL REFERENCES scim_resource,
    -- What was said of the member beside its id.
    entry     jsonb NOT NULL,
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX scim_member_of ON scim_member (member_id);

-- Which groups stand for a role in a programme.
CREATE TABLE scim_group_role (
    group_id     uuid PRIMARY KEY REFERENCES scim_resource,
    programme_id uuid NOT NULL REFERENCES programme,
    role         text NOT NULL CHECK (role IN ('mentee', 'mentor', 'peer')),
    mapped_at    timestamptz NOT NULL
);
