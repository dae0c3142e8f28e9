-- min_code: 74
-- same_as: 8992da2ce5988ed43212cfa7604c40ffc87f62b5e8ac12ee27275d3e5ecd785e
-- How many entered a campaign in an hour, lane by lane, and what was expected of an hour when it was published: far more is stopped.
CREATE TABLE campaign_hours (
  bucket smallint NOT NULL,
  campaign_id bigint NOT NULL,
  hour_ms bigint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (bucket, campaign_id, hour_ms)
);
SELECT place('campaign_hours', 'bucket');
ALTER TABLE campaigns ADD COLUMN expected_per_hour bigint;
ALTER TABLE campaigns ADD CONSTRAINT campaigns_expected_per_hour_check CHECK (expected_per_hour >= 0);
-- Why it was stopped by itself, in words.
ALTER TABLE campaigns ADD COLUMN note text;
