-- An address on the generic channel says whose it is: an answer comes to who was written to there.
ALTER TABLE identities DROP CONSTRAINT identities_kind_check;
ALTER TABLE identities ADD CONSTRAINT identities_kind_check
  CHECK (kind IN ('external', 'phone', 'email', 'token', 'whatsapp', 'webhook'));
