-- Whom a webhook's call is about, so that erasing a person takes what was told of them, too.
ALTER TABLE webhook_calls ADD COLUMN contact_id bigint;
