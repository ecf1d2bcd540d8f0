"""What matching shows people of themselves who ask for their data."""

from __future__ import annotations

from shared.access import Shown

SHOWN = (
    Shown(
        "Who you are, as your company says",
        """
        SELECT employee_number AS "employee number", given_name AS "given name", family_name AS "family name",
               work_email AS "mail", user_name AS "user name", title, department, site,
               time_zone AS "time zone",
               manager_employee_number AS "manager's number", hire_date AS "hired on", status,
               leave_from AS "leave from", leave_until AS "leave until", terminated_on AS "left on",
               created_at AS "known since"
        FROM person WHERE id = $1
        """,
    ),
    Shown(
        "What was said of you, by whom",
        """
        SELECT received_at AS "when", source, kind, effective_on AS "effective on", until, fields AS "what",
               state AS "what became of it", reason
        FROM hris_fact WHERE person_id = $1 ORDER BY arrival
        """,
    ),
    Shown(
        "Programmes you joined, and what you told",
        """
        SELECT g.name AS programme, p.role, p.joined_at AS "joined", p.capacity AS "seats",
               p.profile AS "you told",
               p.consent, p.paused_until AS "not now, until", p.left_at AS "left",
               (SELECT string_agg(code, ', ' ORDER BY code) FROM participation_group x
                WHERE x.participation_id = p.id) AS "groups you belong to"
        FROM participation p JOIN programme g ON g.id = p.programme_id WHERE p.person_id = $1
        ORDER BY p.joined_at
        """,
    ),
    Shown(
        "People you were brought together with, or might have been",
        """
        SELECT g.name AS programme,
               CASE WHEN m.peer THEN 'peer' WHEN m.mentee_id = $1 THEN 'mentee'
                    ELSE 'mentor' END AS "you were",
               trim(o.given_name || ' ' || o.family_name) AS "with", m.state, m.created_at AS "since",
               m.made_at AS "made", m.ended_at AS "ended", m.end_reason AS "why it ended",
               CASE WHEN m.declined_by = $1 THEN m.decline_reason END AS "why you said no",
               m.explanation AS "why you two",
               CASE WHEN m.mentee_id = $1 THEN r.purpose END AS "what you wrote"
        FROM match m JOIN programme g ON g.id = m.programme_id
        JOIN person o ON o.id = CASE WHEN m.mentee_id = $1 THEN m.mentor_id ELSE m.mentee_id END
        LEFT JOIN request r ON r.match_id = m.id
        WHERE m.mentee_id = $1 OR m.mentor_id = $1 ORDER BY m.created_at
        """,
    ),
    Shown(
        "Changes that were noted about you",
        """
        SELECT at AS "when", actor AS "by", action, subject, payload AS "what"
        FROM audit_entry WHERE person_id = $1 ORDER BY id
        """,
    ),
    Shown(
        "Requests to erase your data",
        """
        SELECT asked_at AS "asked", cause, state, runs_at AS "due", cancelled_at AS "cancelled"
        FROM erasure WHERE person_id = $1 ORDER BY asked_at
        """,
    ),
)
