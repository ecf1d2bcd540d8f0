-- What analytics heard, as facts: one table per entity, each row filled in by whichever event comes first.
-- Ids, codes, times and ratings only; the one exception is the card of a person, for lists people read.

CREATE TABLE programme (
    programme_id uuid PRIMARY KEY,
    version      int NOT NULL,
    name         text NOT NULL,
    kind         text NOT NULL,
    state        text NOT NULL,
    starts_on    date NOT NULL,
    ends_on      date,
    first_said   timestamptz NOT NULL
);

CREATE TABLE person (
    person_id  uuid PRIMARY KEY,
    version    int NOT NULL,
    name       text NOT NULL,
    department text NOT NULL,
    site       text NOT NULL
);

-- What was said of a person's status, version by version: a figure of a past moment reads what held then.
CREATE TABLE person_status (
    person_id uuid NOT NULL,
    version   int NOT NULL,
    said_at   timestamptz NOT NULL,
    status    text NOT NULL,
    PRIMARY KEY (person_id, version, said_at)
);

CREATE TABLE invitation (
    programme_id uuid NOT NULL,
    person_id    uuid NOT NULL,
    invited_at   timestamptz NOT NULL,
    PRIMARY KEY (programme_id, person_id)
);

CREATE TABLE participant (
    participation_id uuid PRIMARY KEY,
    programme_id     uuid NOT NULL,
    person_id        uuid NOT NULL,
    role             text NOT NULL,
    version          int NOT NULL,
    capacity         int NOT NULL,
    joined_at        timestamptz NOT NULL
);
CREATE INDEX participant_programme ON participant (programme_id, person_id);

-- Every word on whether somebody takes part: the one with the highest version of those said by then holds.
CREATE TABLE participation_state (
    participation_id uuid NOT NULL,
    version          int NOT NULL,
    said_at          timestamptz NOT NULL,
    state            text NOT NULL CHECK (state IN ('paused', 'resumed', 'left')),
    person_id        uuid NOT NULL,
    programme_id     uuid NOT NULL,
    role             text NOT NULL,
    until            date,
    reason           text,
    PRIMARY KEY (participation_id, version, said_at, state)
);
CREATE INDEX participation_state_programme ON participation_state (programme_id) WHERE state = 'left';

CREATE TABLE matching_run (
    run_id         uuid PRIMARY KEY,
    programme_id   uuid NOT NULL,
    finished_at    timestamptz NOT NULL,
    mentees        int NOT NULL,
    mentors        int NOT NULL,
    feasible_pairs int NOT NULL,
    proposed       int NOT NULL,
    waiting        int NOT NULL
);
CREATE INDEX matching_run_newest ON matching_run (programme_id, finished_at DESC, run_id DESC);

-- Who had no partner after each run of a programme, and why.
CREATE TABLE waiting (
    run_id       uuid NOT NULL,
    person_id    uuid NOT NULL,
    role         text NOT NULL,
    programme_id uuid NOT NULL,
    reason       text NOT NULL,
    PRIMARY KEY (run_id, person_id, role)
);

CREATE TABLE match (
    match_id        uuid PRIMARY KEY,
    programme_id    uuid NOT NULL,
    mentee_id       uuid NOT NULL,
    mentor_id       uuid NOT NULL,
    score           double precision,
    cadence         text,
    ends_on         date,
    proposed_at     timestamptz,
    declined_at     timestamptz,
    declined_reason text,
    made_at         timestamptz,
    ended_at        timestamptz,
    ended_reason    text,
    continued_at    timestamptz
);
CREATE INDEX match_programme ON match (programme_id, made_at);

-- Every time that a match was said to need a look.
CREATE TABLE match_flag (
    match_id     uuid NOT NULL,
    version      int NOT NULL,
    flagged_at   timestamptz NOT NULL,
    programme_id uuid NOT NULL,
    reason       text NOT NULL,
    PRIMARY KEY (match_id, version, flagged_at)
);

-- Every agreement of a pair: the one with the highest version of those confirmed by then holds.
CREATE TABLE agreement (
    match_id        uuid NOT NULL,
    programme_id    uuid NOT NULL,
    version         int NOT NULL,
    hours_per_month int NOT NULL,
    cadence         text NOT NULL,
    focus           text NOT NULL,
    confirmed_at    timestamptz NOT NULL,
    PRIMARY KEY (match_id, version, confirmed_at)
);

-- What became of a session; of each moment the first that was told.
CREATE TABLE session (
    session_id     uuid PRIMARY KEY,
    match_id       uuid NOT NULL,
    programme_id   uuid NOT NULL,
    mentee_id      uuid NOT NULL,
    mentor_id      uuid NOT NULL,
    ordinal        int NOT NULL,
    scheduled_at   timestamptz,
    cancelled_at   timestamptz,
    cancelled_late boolean,
    missed_at      timestamptz,
    completed_at   timestamptz
);
CREATE INDEX session_programme ON session (programme_id);
CREATE INDEX session_match ON session (match_id);

-- Every place in time that was said of a session: the one with the highest iCalendar sequence of those said by
-- then holds. -1 is the sequence of an event that tells what became of a session: any plan knows better.
CREATE TABLE session_plan (
    session_id   uuid NOT NULL,
    sequence     int NOT NULL,
    said_at      timestamptz NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz,
    programme_id uuid NOT NULL,
    PRIMARY KEY (session_id, sequence, said_at, starts_at)
);
CREATE INDEX session_plan_programme ON session_plan (programme_id);

-- `answer_id` is drawn at random, so that a rating in a list cannot be led back to who gave it.
CREATE TABLE feedback (
    session_id        uuid NOT NULL,
    author_id         uuid NOT NULL,
    answer_id         uuid NOT NULL DEFAULT gen_random_uuid(),
    match_id          uuid NOT NULL,
    programme_id      uuid NOT NULL,
    ordinal           int NOT NULL,
    author_role       text NOT NULL,
    rating_overall    int,
    rating_usefulness int,
    rating_listening  int,
    fit               text,
    submitted_at      timestamptz NOT NULL,
    PRIMARY KEY (session_id, author_id)
);
CREATE INDEX feedback_programme ON feedback (programme_id, submitted_at);

CREATE TABLE message (
    message_id   uuid PRIMARY KEY,
    recipient_id uuid NOT NULL,
    kind         text NOT NULL,
    channel      text NOT NULL,
    calendar     boolean,
    due_at       timestamptz NOT NULL,
    attempts     int NOT NULL,
    sent_at      timestamptz,
    failed_at    timestamptz
);

-- The figures as they stood at the end of a day (UTC, business time), written once the day is over, and again
-- when a fact of that day or of one before it came late.
CREATE TABLE daily_figure (
    programme_id uuid NOT NULL,
    day          date NOT NULL,
    figure       text NOT NULL,
    rows         bigint NOT NULL,
    counted      bigint NOT NULL,
    mean         double precision,
    median       double precision,
    p90          double precision,
    PRIMARY KEY (programme_id, figure, day)
);

CREATE TABLE closed_day (
    day       date PRIMARY KEY,
    closed_at timestamptz NOT NULL
);

-- `late_since`: the event time of the earliest fact that came after its day was written; the days from there on
-- are to be written again. `log_begins`: the first day whose events the log still has, empty where it has all.
CREATE TABLE bookkeeping (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    late_since timestamptz,
    log_begins date
);
INSERT INTO bookkeeping DEFAULT VALUES;

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

-- Events per topic and ten seconds of record (wall) time: as the live worker counted them, and as SQL counts
-- what was applied. The second, once known, is the one to show; the difference is the drift.
CREATE TABLE live_window (
    topic        text NOT NULL,
    starts_at    timestamptz NOT NULL,
    counted      bigint,
    recounted    bigint,
    PRIMARY KEY (topic, starts_at)
);
CREATE INDEX live_window_time ON live_window (starts_at);
CREATE INDEX inbox_record_time ON inbox (record_time);

CREATE FUNCTION cadence_days(cadence text) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE cadence WHEN 'weekly' THEN 7 WHEN 'biweekly' THEN 14 WHEN 'quarterly' THEN 91 ELSE 28 END
$$;

-- What stands behind every figure, one row for each thing counted: a figure is an aggregate of these rows, the
-- list behind it is the rows. `counted` marks the numerator of a rate, `amount` is what is averaged, `at` the
-- moment (business time) that puts the row into a time range. A rating in the list tells neither who nor when.
--
-- States (who has a partner, who waits) are as they stood at `as_of`; happenings are those from `since` on.
-- Without a programme: what belongs to no programme, the messages.
CREATE FUNCTION facts_behind(for_programme uuid, as_of timestamptz, since timestamptz,
                             agreement_due_days int, met_within_cadences numeric)
RETURNS TABLE (figure text, row_id uuid, at timestamptz, counted boolean, amount double precision,
               person_id uuid, partner_id uuid, match_id uuid, session_id uuid, code text)
LANGUAGE sql STABLE AS $$
WITH reached AS (
    SELECT r.person_id, min(r.at) AS at
    FROM (SELECT i.person_id, i.invited_at AS at FROM invitation i WHERE i.programme_id = for_programme
          UNION ALL
          SELECT p.person_id, p.joined_at FROM participant p WHERE p.programme_id = for_programme) r
    WHERE r.at <= as_of GROUP BY r.person_id
), joined AS (
    SELECT p.person_id, min(p.joined_at) AS at FROM participant p
    WHERE p.programme_id = for_programme AND p.joined_at <= as_of GROUP BY p.person_id
), made AS (
    SELECT m.match_id, m.mentee_id, m.mentor_id, m.made_at,
           coalesce(m.ended_at > as_of, true) AS open, a.cadence IS NOT NULL AS agreed,
           cadence_days(coalesce(a.cadence, m.cadence)) AS days
    FROM match m LEFT JOIN LATERAL (
        SELECT g.cadence FROM agreement g WHERE g.match_id = m.match_id AND g.confirmed_at <= as_of
        ORDER BY g.version DESC, g.confirmed_at DESC LIMIT 1
    ) a ON true
    WHERE m.programme_id = for_programme AND m.made_at <= as_of
), peers AS (
    SELECT p.person_id, p.role FROM participant p WHERE p.programme_id = for_programme AND p.role = 'peer'
), sides AS (
    SELECT m.match_id, m.mentee_id AS person_id, m.mentor_id AS partner_id, coalesce(q.role, 'mentee') AS role,
           m.made_at, m.open
    FROM made m LEFT JOIN peers q ON q.person_id = m.mentee_id
    UNION ALL
    SELECT m.match_id, m.mentor_id, m.mentee_id, coalesce(q.role, 'mentor'), m.made_at, m.open
    FROM made m LEFT JOIN peers q ON q.person_id = m.mentor_id
), place AS (
    SELECT DISTINCT ON (p.session_id) p.session_id, p.starts_at, coalesce(p.ends_at, p.starts_at) AS ends_at
    FROM session_plan p WHERE p.programme_id = for_programme AND p.said_at <= as_of
    ORDER BY p.session_id, p.sequence DESC, p.said_at DESC, p.starts_at DESC
), planned AS (
    SELECT s.session_id, s.match_id, s.mentee_id, s.mentor_id, p.starts_at, p.ends_at, s.scheduled_at,
           CASE WHEN s.completed_at <= as_of THEN 'completed'
                WHEN s.missed_at <= as_of THEN 'missed'
                WHEN s.cancelled_at <= as_of AND s.cancelled_late THEN 'cancelled-late'
                WHEN s.cancelled_at <= as_of THEN 'cancelled'
                WHEN p.ends_at <= as_of THEN 'unanswered'
                ELSE 'planned' END AS state
    FROM session s JOIN place p ON p.session_id = s.session_id
    WHERE s.programme_id = for_programme
), met AS (
    SELECT s.match_id, min(p.starts_at) AS first_at, max(p.starts_at) AS last_at
    FROM made s JOIN planned p ON p.match_id = s.match_id AND p.state = 'completed' GROUP BY s.match_id
), partnered AS (
    SELECT DISTINCT ON (s.person_id, s.role) s.person_id, s.role, s.match_id, s.partner_id
    FROM sides s WHERE s.open ORDER BY s.person_id, s.role, s.made_at, s.match_id
), first_made AS (
    SELECT s.person_id, s.role, min(s.made_at) AS at FROM sides s GROUP BY s.person_id, s.role
), takes_part AS (
    SELECT p.participation_id, p.person_id, p.role, p.joined_at, o.match_id, o.partner_id, f.at AS first_made_at,
           coalesce(c.status, 'active') = 'active' AND z.state IS DISTINCT FROM 'left'
               AND (o.match_id IS NOT NULL OR z.state IS DISTINCT FROM 'paused') AS active,
           z.state = 'paused' AS paused, z.said_at AS paused_at, z.reason
    FROM participant p
    LEFT JOIN LATERAL (
        SELECT s.status FROM person_status s WHERE s.person_id = p.person_id AND s.said_at <= as_of
        ORDER BY s.version DESC, s.said_at DESC LIMIT 1
    ) c ON true
    LEFT JOIN LATERAL (
        SELECT t.said_at, t.reason,
               CASE WHEN t.state = 'paused' AND t.until < (as_of AT TIME ZONE 'UTC')::date THEN 'resumed'
                    ELSE t.state END AS state
        FROM participation_state t WHERE t.participation_id = p.participation_id AND t.said_at <= as_of
        ORDER BY t.version DESC, t.said_at DESC, t.state LIMIT 1
    ) z ON true
    LEFT JOIN partnered o ON o.person_id = p.person_id AND o.role = p.role
    LEFT JOIN first_made f ON f.person_id = p.person_id AND f.role = p.role
    WHERE p.programme_id = for_programme AND p.joined_at <= as_of
), funnel AS (
    SELECT j.person_id, j.at AS joined_at, min(s.made_at) AS matched_at, min(t.first_at) AS met_at
    FROM joined j
    LEFT JOIN sides s ON s.person_id = j.person_id
    LEFT JOIN met t ON t.match_id = s.match_id
    GROUP BY j.person_id, j.at
), answered AS (
    SELECT f.answer_id, f.session_id, f.match_id, f.author_id, f.author_role, f.rating_overall, f.submitted_at
    FROM feedback f WHERE f.programme_id = for_programme AND f.submitted_at <= as_of
)
SELECT 'people', r.person_id, r.at, true, NULL::float8, r.person_id, NULL::uuid, NULL::uuid, NULL::uuid, NULL::text
FROM reached r
UNION ALL
SELECT 'joined', f.person_id, f.joined_at, true, NULL, f.person_id, NULL, NULL, NULL, NULL FROM funnel f
UNION ALL
SELECT 'matched', f.person_id, f.matched_at, true, NULL, f.person_id, NULL, NULL, NULL, NULL
FROM funnel f WHERE f.matched_at IS NOT NULL
UNION ALL
SELECT 'met', f.person_id, f.met_at, true, NULL, f.person_id, NULL, NULL, NULL, NULL
FROM funnel f WHERE f.met_at IS NOT NULL
UNION ALL
SELECT 'gave-feedback', f.person_id, min(a.submitted_at), true, NULL, f.person_id, NULL, NULL, NULL, NULL
FROM funnel f JOIN answered a ON a.author_id = f.person_id WHERE f.met_at IS NOT NULL GROUP BY f.person_id
UNION ALL
SELECT 'match-rate', a.participation_id, a.joined_at, a.match_id IS NOT NULL, NULL,
       a.person_id, a.partner_id, a.match_id, NULL, a.role
FROM takes_part a WHERE a.active
UNION ALL
SELECT 'mentor-utilisation', a.participation_id, a.joined_at, a.match_id IS NOT NULL, NULL,
       a.person_id, a.partner_id, a.match_id, NULL, a.role
FROM takes_part a WHERE a.active AND a.role = 'mentor'
UNION ALL
SELECT 'days-to-match', a.participation_id, a.first_made_at, true,
       greatest(extract(epoch FROM a.first_made_at - a.joined_at), 0) / 86400,
       a.person_id, NULL, NULL, NULL, a.role
FROM takes_part a
WHERE a.role IN ('mentee', 'peer') AND a.first_made_at >= since
  AND NOT EXISTS (SELECT FROM takes_part b
                  WHERE b.person_id = a.person_id AND b.role = a.role AND b.joined_at < a.joined_at)
UNION ALL
SELECT 'proposals', m.match_id, m.proposed_at, true, NULL, m.mentee_id, m.mentor_id, m.match_id, NULL,
       CASE WHEN m.made_at <= as_of THEN 'accepted' WHEN m.declined_at <= as_of THEN m.declined_reason
            ELSE 'open' END
FROM match m WHERE m.programme_id = for_programme AND m.proposed_at BETWEEN since AND as_of
UNION ALL
SELECT 'matches', m.match_id, m.made_at, true, NULL, m.mentee_id, m.mentor_id, m.match_id, NULL,
       CASE WHEN m.open THEN 'active' ELSE 'ended' END
FROM made m WHERE m.made_at >= since
UNION ALL
SELECT 'active-pairs', m.match_id, m.made_at, true, NULL, m.mentee_id, m.mentor_id, m.match_id, NULL, NULL
FROM made m WHERE m.open
UNION ALL
SELECT 'active-pairing', m.match_id, coalesce(t.last_at, m.made_at),
       coalesce(t.last_at >= as_of - m.days * met_within_cadences * interval '1 day', false), NULL,
       m.mentee_id, m.mentor_id, m.match_id, NULL, NULL
FROM made m LEFT JOIN met t ON t.match_id = m.match_id WHERE m.open
UNION ALL
SELECT 'days-to-first-session', m.match_id, t.first_at, true,
       greatest(extract(epoch FROM t.first_at - m.made_at), 0) / 86400,
       m.mentee_id, m.mentor_id, m.match_id, NULL, NULL
FROM made m JOIN met t ON t.match_id = m.match_id WHERE t.first_at >= since
UNION ALL
SELECT 'agreements-missing', m.match_id, m.made_at, true,
       floor(extract(epoch FROM as_of - m.made_at) / 86400), m.mentee_id, m.mentor_id, m.match_id, NULL, NULL
FROM made m
WHERE m.open AND NOT m.agreed AND m.made_at <= as_of - agreement_due_days * interval '1 day'
UNION ALL
SELECT 'sessions-scheduled', p.session_id, p.scheduled_at, true, NULL,
       p.mentee_id, p.mentor_id, p.match_id, p.session_id, p.state
FROM planned p WHERE p.scheduled_at BETWEEN since AND as_of
UNION ALL
SELECT 'sessions-' || CASE p.state WHEN 'cancelled-late' THEN 'cancelled' ELSE p.state END,
       p.session_id, p.starts_at, true, NULL, p.mentee_id, p.mentor_id, p.match_id, p.session_id, p.state
FROM planned p WHERE p.state IN ('completed', 'missed', 'cancelled', 'cancelled-late') AND p.starts_at >= since
UNION ALL
SELECT 'session-completion', p.session_id, p.starts_at, p.state = 'completed', NULL,
       p.mentee_id, p.mentor_id, p.match_id, p.session_id, p.state
FROM planned p WHERE p.starts_at >= since AND p.ends_at <= as_of
UNION ALL
SELECT 'feedback', md5(a.session_id::text || a.author_id::text)::uuid, a.submitted_at, true, NULL,
       a.author_id, NULL, a.match_id, a.session_id, a.author_role
FROM answered a WHERE a.submitted_at >= since
UNION ALL
SELECT 'satisfaction', a.answer_id, date_trunc('month', since, 'UTC'), true, a.rating_overall,
       NULL, NULL, NULL, NULL, NULL
FROM answered a
WHERE a.rating_overall IS NOT NULL AND a.submitted_at >= date_trunc('month', since, 'UTC')
UNION ALL
SELECT 'waiting', md5(w.person_id::text || w.role)::uuid, n.finished_at, true, NULL,
       w.person_id, NULL, NULL, NULL, w.role || ':' || w.reason
FROM (SELECT r.run_id, r.finished_at FROM matching_run r
      WHERE r.programme_id = for_programme AND r.finished_at <= as_of
      ORDER BY r.finished_at DESC, r.run_id DESC LIMIT 1) n
JOIN waiting w ON w.run_id = n.run_id
WHERE NOT EXISTS (SELECT FROM sides s WHERE s.person_id = w.person_id AND s.role = w.role AND s.open)
  AND EXISTS (SELECT FROM takes_part a WHERE a.person_id = w.person_id AND a.role = w.role AND a.active)
UNION ALL
SELECT 'paused', a.participation_id, a.paused_at, true, NULL, a.person_id, a.partner_id, a.match_id, NULL, a.reason
FROM takes_part a WHERE a.paused
UNION ALL
SELECT 'left', l.participation_id, l.said_at, true, NULL, l.person_id, NULL, NULL, NULL, l.reason
FROM (SELECT DISTINCT ON (t.participation_id) t.participation_id, t.said_at, t.person_id, t.reason
      FROM participation_state t
      WHERE t.programme_id = for_programme AND t.state = 'left' AND t.said_at <= as_of
      ORDER BY t.participation_id, t.said_at, t.version) l
WHERE l.said_at >= since
UNION ALL
SELECT 'matches-ended', m.match_id, m.ended_at, true, NULL, m.mentee_id, m.mentor_id, m.match_id, NULL, m.ended_reason
FROM match m WHERE m.programme_id = for_programme AND m.ended_at BETWEEN since AND as_of
UNION ALL
SELECT 'flagged', m.match_id, f.flagged_at, true, NULL, m.mentee_id, m.mentor_id, m.match_id, NULL, f.reason
FROM made m JOIN (SELECT DISTINCT ON (g.match_id) g.match_id, g.flagged_at, g.reason
                  FROM match_flag g WHERE g.programme_id = for_programme AND g.flagged_at <= as_of
                  ORDER BY g.match_id, g.version DESC, g.flagged_at DESC) f ON f.match_id = m.match_id
WHERE m.open
UNION ALL
SELECT 'messages-sent', m.message_id, m.sent_at, true, extract(epoch FROM m.sent_at - m.due_at) / 60,
       m.recipient_id, NULL, NULL, NULL, m.kind
FROM message m WHERE for_programme IS NULL AND m.sent_at BETWEEN since AND as_of
UNION ALL
SELECT 'messages-failed', m.message_id, m.failed_at, true, NULL, m.recipient_id, NULL, NULL, NULL, m.kind
FROM message m
WHERE for_programme IS NULL AND m.failed_at BETWEEN since AND as_of AND coalesce(m.sent_at > as_of, true)
$$;
