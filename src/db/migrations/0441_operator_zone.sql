-- min_code: 220
-- In which zone and by which locale an operator reads times; the browser's where he has said nothing.
ALTER TABLE operators ADD COLUMN time_zone text, ADD COLUMN locale text;
