-- When a no was said, by the clock of the provider that tells it: a yes that was said before and comes later does not take it back.
-- min_code: 80
ALTER TABLE suppressions ADD COLUMN said_ms bigint;
