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

-- Every time that a match was said to need a look.
CREATE TABLE match_flag (
    match_id     uuid NOT NULL,
    version      int NOT NULL,
    flagged_at   timestamptz NOT NULL,
    programme_id uuid NOT NULL,
    reason       text NOT NULL,
    PRIMARY KEY (match_id, version, flagged_at)
);

-- Who left or is paused does not wait and is not counted among those who could be matched; who left, is paused,
-- which matches ended, and which need a look are figures of their own.
CREATE OR REPLACE FUNCTION facts_behind(for_programme uuid, as_of timestamptz, since timestamptz,
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
