-- min_code: 110
-- Campaigns: whether anybody has left one by the word of the business (only of such is it asked who has), which revision a campaign is and
-- who changed it last (an operator; null: nobody of them), and when it was put aside, by the workspace's clock.
ALTER TABLE campaigns
  ADD COLUMN is_left boolean NOT NULL DEFAULT false,
  ADD COLUMN revision integer NOT NULL DEFAULT 1,
  ADD COLUMN changed_by bigint,
  ADD COLUMN archived_ms bigint;
UPDATE campaigns SET is_left = true WHERE id IN (SELECT campaign_id FROM campaign_optouts);
