-- The pairs of a circle have one group, and the sessions of one meeting of a circle have one meeting.
ALTER TABLE agreement ADD COLUMN group_id uuid;
CREATE INDEX agreement_of_group ON agreement (group_id) WHERE group_id IS NOT NULL;
ALTER TABLE session ADD COLUMN meeting_id uuid;
CREATE INDEX session_of_meeting ON session (meeting_id) WHERE meeting_id IS NOT NULL;

-- The time of a meeting is taken under its own id, so that the mentor's is taken once.
ALTER TABLE busy_time DROP CONSTRAINT busy_time_session_id_fkey;
