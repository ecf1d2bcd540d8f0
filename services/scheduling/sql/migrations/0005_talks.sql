-- A flash talk: one session, at a time that stands since the two were proposed to each other.
ALTER TABLE agreement ADD COLUMN talk_at timestamptz;
