-- A circle is one mentor with several mentees: their matches share one group. A circle may have more seats
-- than a mentor of single mentees.
ALTER TABLE match ADD COLUMN group_id uuid;
CREATE INDEX match_group ON match (group_id) WHERE group_id IS NOT NULL;
ALTER TABLE participation DROP CONSTRAINT participation_capacity_check;
ALTER TABLE participation ADD CONSTRAINT participation_capacity_check CHECK (capacity BETWEEN 1 AND 12);
