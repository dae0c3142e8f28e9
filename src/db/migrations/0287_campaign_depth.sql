-- How many campaigns had led to each other to a message: what becomes of it may set others off. Null: none had.
-- min_code: 80
ALTER TABLE campaign_sends ADD COLUMN depth smallint;
