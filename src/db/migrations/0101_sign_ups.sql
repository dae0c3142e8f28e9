-- min_code: 80
-- Who signs up by themselves. An address is an operator's only once a code that was mailed there came back; until then nothing but
-- this row is there, for a quarter of an hour.

-- When they showed that the address is theirs; null of those whom somebody else made.
ALTER TABLE operators ADD COLUMN verified_ms bigint;

CREATE TABLE sign_ups (
  -- Of what their browser keeps: one at a time for each.
  browser_hash text PRIMARY KEY,
  email text NOT NULL,
  name text NOT NULL,
  -- Null of an operator who is there and only has to show that the address is theirs.
  password_hash text,
  operator_id bigint,
  code_hash text NOT NULL,
  tries smallint NOT NULL DEFAULT 0,
  expires_ms bigint NOT NULL,
  CHECK ((password_hash IS NULL) = (operator_id IS NOT NULL))
);
SELECT place('sign_ups');
