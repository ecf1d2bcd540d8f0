-- A peer has the same hours on either side of a pair.
ALTER TABLE participation DROP CONSTRAINT participation_role_check;
ALTER TABLE participation ADD CONSTRAINT participation_role_check CHECK (role IN ('mentee', 'mentor', 'peer'));
