-- When both of a completed match chose to go on informally.
ALTER TABLE match ADD COLUMN continued_at timestamptz;
