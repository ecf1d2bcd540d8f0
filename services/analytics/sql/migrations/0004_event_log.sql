-- Every event that was applied, reduced to ids and codes: what everything else here can be rebuilt from. Rows
-- are added and never changed. Partitioned by the month inside the UUIDv7.
CREATE TABLE event_log (
    event_id    uuid NOT NULL,
    topic       text NOT NULL,
    key         text NOT NULL,
    sequence    bigint NOT NULL,
    type        text NOT NULL,
    time        timestamptz NOT NULL,
    record_time timestamptz NOT NULL,
    payload     jsonb NOT NULL,
    PRIMARY KEY (event_id)
) PARTITION BY RANGE (event_id);
COMMENT ON TABLE event_log IS 'append-only';

CREATE TABLE event_log_rest PARTITION OF event_log DEFAULT;

-- The lowest UUIDv7 of a moment (UTC).
CREATE FUNCTION first_event_id(moment timestamp) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;

-- Months of the log, made ahead. The role that runs the service reaches a partition through the log alone.
CREATE FUNCTION make_event_log_partitions(months_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    month timestamp;
    made int := 0;
    name text;
    other name;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('event_log partitions'));  -- every process keeps the log
    FOR offset_months IN 1 .. months_ahead LOOP
        month := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => offset_months);
        name := 'event_log_' || to_char(month, 'YYYYMM');
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I PARTITION OF event_log FOR VALUES FROM (%L) TO (%L)', name,
                       first_event_id(month), first_event_id(month + interval '1 month'));
        FOR other IN
            SELECT DISTINCT pg_get_userbyid(a.grantee) FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
            WHERE c.oid = to_regclass('public.' || name) AND a.grantee NOT IN (0, c.relowner)
        LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', name, other);
        END LOOP;
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- Forgets months of the log that are over for longer than `keep_months`, and notes where the log begins now.
CREATE FUNCTION drop_event_log_partitions(keep_months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    keep_from date := date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => keep_months);
    name text;
    dropped int := 0;
BEGIN
    IF keep_months < 1 THEN
        RAISE EXCEPTION 'a log of less than a month is none: keep at least 1';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('event_log partitions'));
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'event_log'::regclass AND c.relname ~ '^event_log_\d{6}$'
          AND to_date(substr(c.relname, 11), 'YYYYMM') < keep_from
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM event_log_rest WHERE event_id < first_event_id(keep_from);
    IF dropped > 0 OR FOUND THEN
        UPDATE bookkeeping SET log_begins = greatest(log_begins, keep_from);
    END IF;
    RETURN dropped;
END $$;
