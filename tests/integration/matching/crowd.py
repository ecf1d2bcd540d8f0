"""Thousands of people in a programme at once, straight into the tables."""

from __future__ import annotations

from uuid import UUID

from services.matching import taxonomy
from services.matching.core.ids import ProgrammeId
from shared import envelope
from shared.tx import Door

PEOPLE = """
INSERT INTO person (id, employee_number, user_name, user_name_key, given_name, family_name, work_email,
                    work_email_key, title, department, site, time_zone, manager_employee_number, hire_date,
                    status, effective_date, version, created_at)
SELECT gen_random_uuid(), n::text, 'user' || n, 'user' || n, 'Given', 'Family', 'u' || n || '@example.org',
       'u' || n || '@example.org', (ARRAY['Stocker', 'Buyer', 'Manager'])[1 + n % 3], 'Sales',
       'Site ' || n % 7, (ARRAY['Europe/Berlin', 'America/Los_Angeles', 'UTC'])[1 + n % 3],
       CASE WHEN n > 10 THEN (n / 10)::text END, '2020-01-01', 'active', '2026-01-01', 1, $2
FROM generate_series(1, $1) AS n
"""
PROGRAMME = """
INSERT INTO programme (id, name, kind, state, starts_on, cadence, hours_per_month, session_minutes, rules,
                       version, created_at)
VALUES ($1, 'Large ' || $1::uuid, 'evergreen', 'open', '2026-01-01', 'monthly', 2, 60, '{}', 1, $2)
"""
JOINED = """
INSERT INTO participation (id, programme_id, person_id, role, capacity, profile, consent, version, joined_at)
SELECT gen_random_uuid(), $1, p.id, CASE WHEN n <= $2 THEN 'mentee' ELSE 'mentor' END,
       CASE WHEN n <= $2 THEN 1 ELSE 1 + n % 3 END,
       jsonb_build_object(
           'goals', CASE WHEN n <= $2 THEN jsonb_build_array(s.codes[1 + n % 40], s.codes[1 + (n + 9) % 40])
                    ELSE '[]' END,
           'skills', CASE WHEN n <= $2 THEN '{}' ELSE jsonb_build_object(
               s.codes[1 + n % 40], 1 + n % 7, s.codes[1 + (n + 5) % 40], 3) END,
           'values', jsonb_build_object('growth', 1 + n % 5, 'service', 1 + n / 5 % 5),
           'style', jsonb_build_object('pace', 1 + n % 5),
           'languages', jsonb_build_array((ARRAY['en', 'de', 'en', 'fr'])[1 + n % 4]),
           'interests', jsonb_build_array('chess'),
           'hours', jsonb_build_array(
               jsonb_build_object('weekday', n % 5, 'starts', '09:00', 'ends', '17:00'),
               jsonb_build_object('weekday', 3, 'starts', '09:00', 'ends', '12:00'))),
       true, 1, $3
FROM person p, LATERAL (SELECT p.employee_number::int AS n) AS numbered, (SELECT $4::text[] AS codes) AS s
"""


async def fill(door: Door, *, mentees: int, mentors: int) -> ProgrammeId:
    """An evergreen programme in an empty database; each person in one role."""
    programme_id, now = UUID(str(envelope.new_id())), door.clock.now()
    await door.pool.execute(PEOPLE, mentees + mentors, now)
    await door.pool.execute(PROGRAMME, programme_id, now)
    await door.pool.execute(JOINED, programme_id, mentees, now, sorted(taxonomy.skills()))
    return ProgrammeId(programme_id)
