-- Who gave a parked event up, and who let a stopped consumer go on.

ALTER TABLE parked ADD COLUMN closed_by text;
ALTER TABLE consumer_state ADD COLUMN resumed_at timestamptz, ADD COLUMN resumed_by text;
