-- min_code: 80
-- Links by which an operator signs in without a password, once: `npm start` prints one for the demo's. Only their hash is kept.
CREATE TABLE sign_in_links (
  token_hash text PRIMARY KEY,
  operator_id bigint NOT NULL,
  expires_ms bigint NOT NULL
);
SELECT place('sign_in_links');
