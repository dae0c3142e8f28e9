-- min_code: 220
-- What was told under an id, by a hash of it: told again it has no effect. Kept for as long as the ids of events are.
CREATE TABLE told_once (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  key bigint NOT NULL,
  seen_ms bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, key)
);
SELECT place('told_once', 'hash');
CREATE INDEX told_once_age ON told_once USING brin (seen_ms);
