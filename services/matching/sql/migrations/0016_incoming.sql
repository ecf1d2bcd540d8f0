-- What came in today, by source, is counted without reading what came in before.
CREATE INDEX hris_fact_received ON hris_fact USING brin (received_at);
-- People are looked for by the beginning of a name, an address or a number.
CREATE INDEX person_family_name ON person (lower(family_name) text_pattern_ops);
CREATE INDEX person_given_name ON person (lower(given_name) text_pattern_ops);
CREATE INDEX person_address ON person (work_email_key text_pattern_ops);
CREATE INDEX person_number ON person (employee_number text_pattern_ops);
