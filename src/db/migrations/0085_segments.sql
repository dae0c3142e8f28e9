-- min_code: 80
-- How many text messages a delivery by SMS takes, where it is more than one: what it costs, beside the count of messages.
ALTER TABLE deliveries ADD COLUMN segments smallint;
-- Segments beyond one each, of the messages that are counted.
ALTER TABLE usage_messages ADD COLUMN extra_segments bigint NOT NULL DEFAULT 0;
