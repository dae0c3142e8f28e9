-- min_code: 220
-- Of which workspace what is live has changed, and at which stamp: what is remembered of the others stays. `told` counts what was said so: where the
-- stamp is more by another number than before, somebody who is older has not said whose it was, and all is read again.
CREATE TABLE campaign_stamps (
  workspace_id bigint NOT NULL PRIMARY KEY,
  n bigint NOT NULL
);
SELECT place('campaign_stamps');
CREATE INDEX campaign_stamps_newest ON campaign_stamps (n);
ALTER TABLE campaign_stamp ADD COLUMN told bigint NOT NULL DEFAULT 0;
