-- What opens a source's door. Of a token only the hash is kept; a webhook's secret has to be known to check
-- signatures, so it is kept sealed with a key that is not in this database. All times here are wall time.
CREATE TABLE hris_credential (
    id         uuid PRIMARY KEY,
    source     text NOT NULL REFERENCES hris_source,
    kind       text NOT NULL CHECK (kind IN ('token', 'secret')),
    scope      text NOT NULL CHECK (scope IN ('scim', 'hris:events', 'hris:files')),
    sha256     text UNIQUE CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    sealed     bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CHECK ((kind = 'token') = (sha256 IS NOT NULL AND expires_at IS NOT NULL)),
    CHECK ((kind = 'secret') = (sealed IS NOT NULL))
);
CREATE INDEX hris_credential_of_source ON hris_credential (source, kind, created_at);

-- Deliveries of webhooks, so that one that comes again is known; kept for some days of wall time.
CREATE TABLE hris_delivery (
    source      text NOT NULL REFERENCES hris_source,
    delivery_id text NOT NULL,
    sha256      text NOT NULL,
    facts       int NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (source, delivery_id)
);
CREATE INDEX hris_delivery_age ON hris_delivery (received_at);

-- Facts that are stored and not yet taken over. A row leaves when its fact is taken over; one that fails stays
-- with its error, until somebody has mended the cause and asks for it again.
CREATE TABLE hris_received (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL REFERENCES hris_source,
    event_id    text NOT NULL,
    fact        jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    error       text
);
CREATE INDEX hris_received_waiting ON hris_received (id) WHERE error IS NULL;
