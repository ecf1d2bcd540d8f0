-- What HR systems say becomes facts; a person is what their facts add up to.
CREATE TABLE hris_source (
    name                text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 60),
    kind                text NOT NULL CHECK (kind IN ('scim', 'webhook', 'csv', 'feed', 'desk')),
    precedence          int NOT NULL,
    precedence_by_field jsonb NOT NULL DEFAULT '{}',
    created_at          timestamptz NOT NULL,
    retired_at          timestamptz,
    last_contact_at     timestamptz,
    last_success_at     timestamptz,
    silent_after_hours  int CHECK (silent_after_hours > 0)
);

