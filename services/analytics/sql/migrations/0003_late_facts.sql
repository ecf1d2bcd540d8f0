-- `late_since`: the event time of the earliest fact that came after its day was written; the days from there on
-- are to be written again. `log_begins`: the first day whose events the log still has, empty where it has all.
CREATE TABLE bookkeeping (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    late_since timestamptz,
    log_begins date
);
INSERT INTO bookkeeping DEFAULT VALUES;
