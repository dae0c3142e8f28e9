-- min_code: 74
-- How many entered a campaign in an hour, lane by lane, and what was expected of an hour when it was published: far more is stopped.
CREATE TABLE campaign_hours (
  bucket smallint NOT NULL,
  campaign_id bigint NOT NULL,
  hour_ms bigint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (bucket, campaign_id, hour_ms)
);
SELECT place('campaign_hours', 'bucket');
ALTER TABLE campaigns ADD COLUMN expected_per_hour bigint CHECK (expected_per_hour >= 0);
-- Why it was stopped by itself, in words.
ALTER TABLE campaigns ADD COLUMN note text;
