-- Topics come in any order. What happened before somebody was let in again is told to them no more, also where it
-- is heard later; and that somebody is away is told also where the pair is heard of later.
ALTER TABLE person ADD COLUMN access_since timestamptz;

ALTER TABLE absence
    ADD COLUMN state text NOT NULL DEFAULT 'back' CHECK (state IN ('away', 'back')),
    ADD COLUMN programme_id uuid,
    ADD COLUMN role text CHECK (role IN ('mentee', 'mentor', 'peer')),
    ADD COLUMN since timestamptz,
    ADD COLUMN until date,
    ADD COLUMN cause uuid,
    ADD COLUMN traceparent text,
    ADD COLUMN correlation_id uuid;
