-- What somebody who has left a campaign had waited for in vain there: when it comes all the same, that is told, once.
-- min_code: 80
ALTER TABLE campaign_entries ADD COLUMN missed jsonb;
