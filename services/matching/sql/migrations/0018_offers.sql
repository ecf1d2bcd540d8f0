-- When an evergreen programme looks whether whoever joined can be offered somebody before its next round.
ALTER TABLE programme ADD COLUMN next_offer_at timestamptz;
CREATE INDEX programme_next_offer ON programme (next_offer_at) WHERE next_offer_at IS NOT NULL;
