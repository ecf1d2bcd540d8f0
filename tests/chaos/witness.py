"""What the harness sees of each store, besides what the service keeps: rows its own triggers write.

The rows belong to the transactions they tell of: what is rolled back was never seen. `place` is drawn when a
statement runs, after the locks that put it in order were taken, so it orders what happened to one key, one
mentor or one session.
"""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

SAID = """
CREATE TABLE IF NOT EXISTS witness_said (
    event_id uuid NOT NULL, topic text NOT NULL, key text NOT NULL, sequence bigint NOT NULL,
    at timestamptz NOT NULL, cause uuid, committed_at timestamptz NOT NULL
);
CREATE OR REPLACE FUNCTION witness_said() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO witness_said (event_id, topic, key, sequence, at, cause, committed_at)
    SELECT event_id, topic, key, sequence, time, causation_id, committed_at FROM rows_new;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER witness_said AFTER INSERT ON outbox
REFERENCING NEW TABLE AS rows_new FOR EACH STATEMENT EXECUTE FUNCTION witness_said();
"""
HEARD = """
CREATE SEQUENCE IF NOT EXISTS witness_heard_place;
CREATE TABLE IF NOT EXISTS witness_heard (
    place bigint NOT NULL, event_id uuid NOT NULL, topic text NOT NULL, key text NOT NULL,
    sequence bigint NOT NULL, at timestamptz NOT NULL
);
CREATE OR REPLACE FUNCTION witness_heard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    now_at bigint := nextval('witness_heard_place');
BEGIN
    INSERT INTO witness_heard (place, event_id, topic, key, sequence, at)
    SELECT now_at, event_id, topic, key, sequence, clock_timestamp() FROM rows_new;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER witness_heard AFTER INSERT ON inbox
REFERENCING NEW TABLE AS rows_new FOR EACH STATEMENT EXECUTE FUNCTION witness_heard();
"""
SEATS = """
CREATE TABLE IF NOT EXISTS witness_seat (
    place bigint GENERATED ALWAYS AS IDENTITY, match_id uuid NOT NULL, mentor uuid NOT NULL,
    before text, after text NOT NULL, capacity int NOT NULL
);
CREATE OR REPLACE FUNCTION witness_seat() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO witness_seat (match_id, mentor, before, after, capacity)
    SELECT NEW.id, NEW.mentor_participation_id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state,
           capacity FROM participation WHERE id = NEW.mentor_participation_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER witness_seat AFTER INSERT OR UPDATE ON match
FOR EACH ROW EXECUTE FUNCTION witness_seat();
"""
SESSIONS = """
CREATE TABLE IF NOT EXISTS witness_session (
    place bigint GENERATED ALWAYS AS IDENTITY, session_id uuid NOT NULL, by text NOT NULL,
    before text, after text NOT NULL, sequence_before int, sequence int NOT NULL
);
CREATE OR REPLACE FUNCTION witness_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO witness_session (session_id, by, before, after, sequence_before, sequence)
    VALUES (NEW.session_id, session_user, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.sequence END, NEW.sequence);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER witness_session AFTER INSERT OR UPDATE ON session
FOR EACH ROW EXECUTE FUNCTION witness_session();
"""
ALSO: Mapping[str, str] = {"matching": SEATS, "scheduling": SESSIONS}


async def install(owner_dsns: Mapping[str, str]) -> None:
    """From now on the harness sees what is said, heard, seated and met. Nothing may have been said before."""
    for service, dsn in owner_dsns.items():
        conn = await asyncpg.connect(dsn, timeout=10)
        try:
            await conn.execute(SAID + HEARD + ALSO.get(service, ""))
        finally:
            await conn.close()
