-- Who changed what, when, from what to what: only ever added to. A sealed entry is a link of a chain over
-- H(salt ‖ payload), so that what is erased from an entry can go while the chain still holds.
CREATE TABLE audit_entry (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Wall time of the transaction.
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    action     text NOT NULL CHECK (action IN ('insert', 'update', 'delete', 'forget')),
    subject    text NOT NULL,
    key        text NOT NULL,
    -- Whom it is about, where it is about people.
    person_id  uuid,
    partner_id uuid,
    -- JSON of the columns that changed, before and after. Both are empty once they were erased.
    salt       bytea,
    payload    text,
    -- The seal: the place in the chain, the hash of salt and payload, the hash of all this and of the link before.
    position   bigint,
    digest     bytea,
    link       bytea,
    CHECK ((salt IS NULL) = (payload IS NULL))
);
COMMENT ON TABLE audit_entry IS 'append-only';
CREATE UNIQUE INDEX audit_entry_chain ON audit_entry (position) WHERE position IS NOT NULL;
CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE position IS NULL;
CREATE INDEX audit_entry_person ON audit_entry (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX audit_entry_partner ON audit_entry (partner_id, id) WHERE partner_id IS NOT NULL;

-- Notes every change of a table from now on, one entry for each row that a statement changed, written as it is: what
-- is the same before and after is left out when it is sealed. `left_out` are columns that are never to be noted;
-- with `only_named` no entry is made of what nobody did by name.
CREATE FUNCTION audit_changes_of(changed text, keys text[], person text, partner text, left_out text[],
                                 only_named boolean) RETURNS void
LANGUAGE plpgsql AS $make$
DECLARE
    key text := (SELECT string_agg(format('n.%I', name), ', ') FROM unnest(keys) AS name);
    same text := (SELECT string_agg(format('o.%1$I = n.%1$I', name), ' AND ') FROM unnest(keys) AS name);
    about text := format('concat_ws('' '', %s), %s, %s', key, coalesce('n.' || quote_ident(person), 'NULL::uuid'),
                         coalesce('n.' || quote_ident(partner), 'NULL::uuid'));
    told text := CASE WHEN left_out = '{}' THEN 'row_to_json(%1$s)::text'
                      ELSE format('(to_jsonb(%%1$s) - %L::text[])::text', left_out) END;
BEGIN
    EXECUTE format($sql$
        CREATE FUNCTION note_%1$s() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_nestloop = off AS $note$
        DECLARE
            who text := nullif(current_setting('mentoring.actor', true), '');
        BEGIN
            IF who IS NULL AND %2$L THEN
                RETURN NULL;
            END IF;
            who := coalesce(who, 'the service itself');
            IF TG_OP = 'INSERT' THEN
                INSERT INTO audit_entry (at, actor, action, subject, key, person_id, partner_id, salt, payload)
                SELECT now(), who, 'insert', %1$L, %3$s, uuid_send(gen_random_uuid()), '{"after":' || %4$s || '}'
                FROM became n;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO audit_entry (at, actor, action, subject, key, person_id, partner_id, salt, payload)
                SELECT now(), who, 'delete', %1$L, %3$s, uuid_send(gen_random_uuid()), '{"before":' || %4$s || '}'
                FROM was n;
            ELSE
                INSERT INTO audit_entry (at, actor, action, subject, key, person_id, partner_id, salt, payload)
                SELECT now(), who, 'update', %1$L, %3$s, uuid_send(gen_random_uuid()),
                       '{"before":' || %5$s || ',"after":' || %4$s || '}'
                FROM was o JOIN became n ON %6$s WHERE o *<> n;
            END IF;
            RETURN NULL;
        END $note$
        $sql$, changed, only_named, about, format(told, 'n'), format(told, 'o'), same);
    EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS became '
                   'FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s()', changed);
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS was '
                   'NEW TABLE AS became FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s()', changed);
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS was '
                   'FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s()', changed);
END $make$;

SELECT audit_changes_of('person', '{id}', 'id', NULL, '{}', false),
       audit_changes_of('participation', '{id}', 'person_id', NULL, '{}', false),
       audit_changes_of('programme', '{id}', NULL, NULL, '{}', false),
       audit_changes_of('match', '{id}', 'mentee_id', 'mentor_id', '{explanation}', true),
       audit_changes_of('block', '{mentee_id,mentor_id}', 'mentee_id', 'mentor_id', '{}', true),
       audit_changes_of('matching_run', '{id}', NULL, NULL, '{rules,inputs_hash,blocking,edition}', true),
       audit_changes_of('run_decision', '{run_id,ordinal}', NULL, NULL, '{reason}', false),
       audit_changes_of('hris_source', '{name}', NULL, NULL, '{last_contact_at,last_success_at}', false),
       audit_changes_of('hris_credential', '{id}', NULL, NULL, '{sha256,sealed}', false),
       audit_changes_of('hris_hold', '{id}', NULL, NULL, '{}', false),
       audit_changes_of('scim_group_role', '{group_id}', NULL, NULL, '{}', false),
       audit_changes_of('erasure', '{id}', 'person_id', NULL, '{}', false);

-- What a payload says that is worth keeping: of an update what is not the same, of the others what is not empty.
-- NULL where nothing is left but what goes up and down by itself.
CREATE FUNCTION audit_gist(action text, payload text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN action <> 'update' THEN jsonb_strip_nulls(payload::jsonb)::text ELSE (
        SELECT jsonb_build_object('before', jsonb_object_agg(b.name, b.value),
                                  'after', jsonb_object_agg(b.name, a.value))::text
        FROM (SELECT payload::jsonb AS told) AS p
        CROSS JOIN LATERAL jsonb_each(p.told -> 'before') AS b (name, value)
        JOIN LATERAL jsonb_each(p.told -> 'after') AS a (name, value) ON a.name = b.name AND a.value <> b.value
        WHERE b.name <> ALL ('{version,due_at,next_round_at,phase,done,total,stale,last_contact_at,last_success_at}')
        HAVING count(*) > 0) END
$$;

-- The link of an entry: its place, what it says of itself, and the link before. Every part is hashed first, so
-- that no two entries have the same text.
CREATE FUNCTION audit_link(before bytea, place bigint, entry audit_entry, of_payload bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(before || string_agg(sha256(convert_to(part, 'UTF8')), '' ORDER BY number) || of_payload)
    FROM unnest(ARRAY[place::text, entry.id::text,
                      floor(extract(epoch FROM entry.at) * 1000000)::bigint::text, entry.actor, entry.action,
                      entry.subject, entry.key, coalesce(entry.person_id::text, ''),
                      coalesce(entry.partner_id::text, '')]) WITH ORDINALITY AS p (part, number)
$$;

-- Seals the oldest entries that are not, in the order of their ids, each reduced to its gist; one process at a time.
-- Whoever runs the service can add entries and have them sealed, and can change none. Returns how many it took.
CREATE FUNCTION seal_audit(rows_max int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry audit_entry;
    place bigint := 0;
    before bytea := decode(repeat('00', 32), 'hex');
    gist text;
    of_payload bytea;
    taken int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit seal'));
    SELECT e.position, e.link INTO place, before FROM audit_entry e
    WHERE e.position IS NOT NULL ORDER BY e.position DESC LIMIT 1;
    IF NOT FOUND THEN
        place := 0;
        before := decode(repeat('00', 32), 'hex');
    END IF;
    FOR entry IN SELECT e.* FROM audit_entry e WHERE e.position IS NULL ORDER BY e.id LIMIT rows_max LOOP
        taken := taken + 1;
        gist := audit_gist(entry.action, entry.payload);
        IF gist IS NULL AND entry.payload IS NOT NULL THEN
            DELETE FROM audit_entry WHERE id = entry.id;
            CONTINUE;
        END IF;
        place := place + 1;
        of_payload := coalesce(entry.digest, sha256(entry.salt || convert_to(gist, 'UTF8')));
        before := audit_link(before, place, entry, of_payload);
        UPDATE audit_entry SET position = place, digest = of_payload, link = before, payload = gist
        WHERE id = entry.id;
    END LOOP;
    RETURN taken;
END $$;

-- Empties the entries about a person, and notes that it was done: so the verifier knows them as erased.
CREATE FUNCTION forget_audit(of_person uuid) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    UPDATE audit_entry e SET digest = coalesce(e.digest, sha256(e.salt || convert_to(e.payload, 'UTF8'))),
                             salt = NULL, payload = NULL
    WHERE e.payload IS NOT NULL AND e.action <> 'forget' AND (e.person_id = of_person OR e.partner_id = of_person)
    RETURNING e.id;
    IF FOUND THEN
        INSERT INTO audit_entry (at, actor, action, subject, key, person_id, salt, payload)
        VALUES (now(), coalesce(nullif(current_setting('mentoring.actor', true), ''), 'the service itself'), 'forget',
                'person', of_person::text, of_person, uuid_send(gen_random_uuid()), '{}');
    END IF;
END $$;

-- Empties sealed entries that are older than a moment, up to the first one that is not; the note names the last.
CREATE FUNCTION forget_audit_before(moment timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last bigint;
    emptied int;
BEGIN
    SELECT max(e.position) INTO last FROM audit_entry e WHERE e.position IS NOT NULL AND e.at < moment;
    UPDATE audit_entry e SET salt = NULL, payload = NULL
    WHERE e.position <= last AND e.payload IS NOT NULL AND e.action <> 'forget';
    GET DIAGNOSTICS emptied = ROW_COUNT;
    IF emptied > 0 THEN
        INSERT INTO audit_entry (at, actor, action, subject, key, salt, payload)
        VALUES (now(), coalesce(nullif(current_setting('mentoring.actor', true), ''), 'the service itself'), 'forget',
                'audit_entry', last::text, uuid_send(gen_random_uuid()), '{}');
    END IF;
    RETURN emptied;
END $$;
