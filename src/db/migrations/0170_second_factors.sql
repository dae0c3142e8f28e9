-- min_code: 80
-- Second factors of operators: codes by time (RFC 6238). `last_step` is the newest step a code of which was used, so that none works
-- twice; `recovery` holds hashes of codes that each work once.
CREATE TABLE second_factors (
  operator_id bigint PRIMARY KEY,
  secret_sealed bytea NOT NULL,
  created_ms bigint NOT NULL,
  confirmed_ms bigint,
  last_step bigint NOT NULL DEFAULT 0,
  recovery text[] NOT NULL DEFAULT '{}'
);
SELECT place('second_factors');
