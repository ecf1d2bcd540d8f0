-- A pair that is over is owed no news of its terms, also when those are heard after the end.

ALTER TABLE pair ADD COLUMN ended boolean NOT NULL DEFAULT false;
UPDATE pair SET ended = true
WHERE EXISTS (SELECT FROM message WHERE message.match_id = pair.match_id AND message.kind = 'ended');
