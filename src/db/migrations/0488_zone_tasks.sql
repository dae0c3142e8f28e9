-- min_code: 220
-- The zone of a workspace becomes another: a task of each lane for those who wait by it (`src/campaigns/zone.ts`).
ALTER TABLE campaign_tasks DROP CONSTRAINT campaign_tasks_kind_check;
ALTER TABLE campaign_tasks ADD CONSTRAINT campaign_tasks_kind_check CHECK (kind IN ('move', 'resume', 'end', 'build', 'since', 'hand', 'zone'));
