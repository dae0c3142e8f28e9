-- min_code: 72
-- Campaigns that a contact has left: nothing of theirs is sent to it.
CREATE TABLE campaign_optouts (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  since_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, campaign_id)
);
SELECT place('campaign_optouts', 'bucket');
