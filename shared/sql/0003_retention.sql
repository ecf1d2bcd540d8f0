-- What keeps the disk flat: partitions also for today, used links that end, tables vacuumed by what they are.

-- A link that is no longer valid needs not be remembered as used.
ALTER TABLE used_link ADD COLUMN expires_at timestamptz;
CREATE INDEX used_link_end ON used_link (expires_at);

-- The outbox is a queue: nearly empty, with every row deleted soon. A share of its rows says nothing about it.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- One row for each key, updated in place with every event: room on the page, and dead rows never pile up to a
-- fifth of millions.
ALTER TABLE outbox_sequence SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

-- From today on. What was heard before its day had a partition moves there out of the default partition, which
-- would keep it for ever and could not be split otherwise.
CREATE OR REPLACE FUNCTION make_inbox_partitions(days_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    day date;
    made int := 0;
    low uuid;
    high uuid;
    name text;
BEGIN
    FOR offset_days IN 0 .. days_ahead LOOP
        day := (now() AT TIME ZONE 'UTC')::date + offset_days;
        name := 'inbox_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        low := first_id_of(day);
        high := first_id_of(day + 1);
        LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE %I (LIKE inbox INCLUDING DEFAULTS)', name);
        EXECUTE format('WITH moved AS (DELETE FROM inbox_rest WHERE event_id >= %L AND event_id < %L RETURNING *)'
                       ' INSERT INTO %I SELECT * FROM moved', low, high, name);
        EXECUTE format('ALTER TABLE inbox ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, low, high);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- The smallest UUIDv7 of a day.
CREATE FUNCTION first_id_of(day date) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT (lpad(to_hex((extract(epoch FROM day::timestamp) * 1000)::bigint), 12, '0')
            || '00000000000000000000')::uuid
$$;
