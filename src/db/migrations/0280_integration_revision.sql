-- min_code: 80
-- Two who change a channel at once: whoever comes second is told. Code from before counts nothing up; who names a revision then is let through.
ALTER TABLE integrations ADD COLUMN revision integer NOT NULL DEFAULT 1;
