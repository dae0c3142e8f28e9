-- min_code: 80
-- Counts the changes of a draft, so that two who change it at the same time learn of each other.
ALTER TABLE broadcasts ADD COLUMN revision integer NOT NULL DEFAULT 1;
