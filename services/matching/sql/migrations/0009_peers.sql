-- A peer learns and helps alike. A match of two peers has them in the columns of mentee and mentor, in the order
-- of their numbers, and takes the one seat of both.
ALTER TABLE participation DROP CONSTRAINT participation_role_check;
ALTER TABLE participation ADD CONSTRAINT participation_role_check CHECK (role IN ('mentee', 'mentor', 'peer'));
ALTER TABLE match ADD COLUMN peer boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX match_one_per_peer ON match (mentor_participation_id)
    WHERE peer AND state IN ('proposed', 'active');
