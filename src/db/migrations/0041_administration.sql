-- min_code: 19
-- What is kept of the install as a whole, by name: the check of its secret, and what a rotation of it leaves for itself.
CREATE TABLE install (
  name text PRIMARY KEY,
  value bytea NOT NULL
);
SELECT place('install');

-- Links by which somebody sets a password: of an operator, or, with none named, of the first owner of an install. Used once.
CREATE TABLE password_links (
  token_hash text PRIMARY KEY,
  operator_id bigint,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL
);
SELECT place('password_links');
