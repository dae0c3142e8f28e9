-- min_code: 50
-- A delivery of somebody who was erased: what is written about it later (an outcome that was on its way, a bounce) names nobody.
-- Null where it is not; nothing of the table is rewritten.
ALTER TABLE deliveries ADD COLUMN erased boolean;
