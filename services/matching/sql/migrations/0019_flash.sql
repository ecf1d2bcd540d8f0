-- A flash talk has its time from the moment it is found; a mentor gives one talk at a time.
ALTER TABLE run_pair ADD COLUMN talk_at timestamptz;
ALTER TABLE match ADD COLUMN talk_at timestamptz;
CREATE UNIQUE INDEX match_one_per_talk ON match (mentor_participation_id, talk_at)
    WHERE talk_at IS NOT NULL AND state IN ('proposed', 'active');
