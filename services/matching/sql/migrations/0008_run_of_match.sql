-- What came of a run is asked for by its id.
CREATE INDEX match_run ON match (run_id) WHERE run_id IS NOT NULL;
