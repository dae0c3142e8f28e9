-- min_code: 80
-- Attempts at a webhook call before the last one: when, with what status and what answer. Null of a call that needed one. And when the last was.
ALTER TABLE webhook_calls ADD COLUMN tried jsonb;
ALTER TABLE webhook_calls ADD COLUMN tried_ms bigint;
