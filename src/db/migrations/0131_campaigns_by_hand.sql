-- min_code: 110
-- Letting an audience into a campaign by hand: a task of each lane. `params` holds the audience and the key of the one who asked.
ALTER TABLE campaign_tasks DROP CONSTRAINT campaign_tasks_kind_check;
ALTER TABLE campaign_tasks ADD CONSTRAINT campaign_tasks_kind_check CHECK (kind IN ('move', 'resume', 'end', 'build', 'since', 'hand'));
