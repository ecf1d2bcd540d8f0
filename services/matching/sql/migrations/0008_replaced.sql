-- The run under review that a newer one took the place of: its pairs stand, and are changed for a good reason only.
ALTER TABLE matching_run ADD COLUMN replaces uuid REFERENCES matching_run;
