-- The tables every store has: what was said and waits, what was heard, what is parked, used keys and links.

CREATE TABLE outbox_sequence (
    topic text NOT NULL,
    key   text NOT NULL,
    last  bigint NOT NULL,
    PRIMARY KEY (topic, key)
);

CREATE TABLE outbox (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id       uuid NOT NULL,
    topic          text NOT NULL,
    key            text NOT NULL,
    sequence       bigint NOT NULL,
    type           text NOT NULL,
    source         text NOT NULL,
    time           timestamptz NOT NULL,
    traceparent    text NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id   uuid,
    payload        bytea,
    committed_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row for each event that was applied. Partitioned by the time inside the UUIDv7, so that forgetting is
-- DROP TABLE. `record_time` is Kafka's wall time of the record.
CREATE TABLE inbox (
    event_id    uuid NOT NULL,
    topic       text NOT NULL,
    key         text NOT NULL,
    sequence    bigint NOT NULL,
    record_time timestamptz NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (event_id)
) PARTITION BY RANGE (event_id);

CREATE TABLE inbox_rest PARTITION OF inbox DEFAULT;

-- Events that failed, could not be read, came early, or wait behind one of those: the key halts, nothing else.
CREATE TABLE parked (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        uuid,
    topic           text NOT NULL,
    partition       int NOT NULL,
    record_offset   bigint NOT NULL,
    key             text NOT NULL,
    headers         jsonb NOT NULL,
    payload         bytea,
    record_time     timestamptz NOT NULL,
    state           text NOT NULL CHECK (state IN ('failed', 'early', 'behind', 'unreadable', 'dead', 'dropped')),
    error           text NOT NULL,
    attempts        int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    parked_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at       timestamptz,
    closed_reason   text,
    UNIQUE (topic, partition, record_offset)
);
CREATE UNIQUE INDEX parked_event ON parked (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX parked_key ON parked (topic, key, id) WHERE state <> 'dropped';
CREATE INDEX parked_next ON parked (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- The breaker's stop and a requested replay hold for all processes of the service.
CREATE TABLE consumer_state (
    only_row            boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    stopped_at          timestamptz,
    stopped_reason      text,
    replay_requested_at timestamptz
);
INSERT INTO consumer_state DEFAULT VALUES;

CREATE TABLE idempotency (
    caller      text NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL,
    status      int,
    headers     jsonb,
    body        bytea,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE used_link (
    link_id uuid PRIMARY KEY,
    used_at timestamptz NOT NULL
);

-- Days of inbox partitions, made ahead; the role that runs the service owns no table, so the owner's rights
-- are lent to this one function.
CREATE FUNCTION make_inbox_partitions(days_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day date;
    made int := 0;
    low uuid;
    high uuid;
    name text;
BEGIN
    FOR offset_days IN 1 .. days_ahead LOOP
        day := (now() AT TIME ZONE 'UTC')::date + offset_days;
        name := 'inbox_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        low := (lpad(to_hex((extract(epoch FROM day::timestamp) * 1000)::bigint), 12, '0')
                || '00000000000000000000')::uuid;
        high := (lpad(to_hex((extract(epoch FROM (day + 1)::timestamp) * 1000)::bigint), 12, '0')
                || '00000000000000000000')::uuid;
        EXECUTE format('CREATE TABLE %I PARTITION OF inbox FOR VALUES FROM (%L) TO (%L)', name, low, high);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION drop_inbox_partitions(keep_days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text;
    dropped int := 0;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'inbox'::regclass AND c.relname ~ '^inbox_\d{8}$'
          AND to_date(substr(c.relname, 7), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - keep_days
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
