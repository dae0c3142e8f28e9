-- An end has no way out but to itself: a settle or a receipt that comes after it leaves it as it is, and prior_state then says so
-- (a failed receipt may come before its own settle). NOT VALID: every row there is keeps the narrower rule already.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_check2;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_ends_stay
  CHECK (state NOT IN (10, 11, 12, 13) OR prior_state IS NULL OR prior_state < 7 OR prior_state = state) NOT VALID;
