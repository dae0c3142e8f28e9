-- min_code: 220
-- Counted up by each change of a saved reply: of two who change the same, the second learns of the first.
ALTER TABLE saved_replies ADD COLUMN revision integer NOT NULL DEFAULT 1;
