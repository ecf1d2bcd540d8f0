-- The sessions that the pairs of a circle hold together share a meeting, of which the mentor is told once.
ALTER TABLE meeting ADD COLUMN meeting_id uuid;
CREATE INDEX meeting_of_circle ON meeting (meeting_id) WHERE meeting_id IS NOT NULL;
