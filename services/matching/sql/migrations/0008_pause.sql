-- "Not now": the last day on which nobody is looked for for this participation.
ALTER TABLE participation ADD COLUMN paused_until date;
CREATE INDEX participation_paused ON participation (paused_until) WHERE paused_until IS NOT NULL;
