-- min_code: 220
-- What has to be understood for a task of campaigns (`src/campaigns/enrol/understood.ts`): a worker that is older leaves it for one that is not.
ALTER TABLE campaign_tasks ADD COLUMN needs smallint NOT NULL DEFAULT 0;
