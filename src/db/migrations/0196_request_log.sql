-- min_code: 160
-- The last requests by keys of a workspace, for who builds on Parley: which route and not which address, as a path may name a person.
-- Written in batches beside the requests; a sweep keeps the newest of each workspace.
CREATE TABLE request_log (
  workspace_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  request_id text NOT NULL,
  door text NOT NULL,
  key_id text NOT NULL,
  method text NOT NULL,
  route text NOT NULL,
  status smallint NOT NULL,
  duration_ms integer NOT NULL,
  fault jsonb,
  PRIMARY KEY (workspace_id, at_ms, request_id)
);
SELECT place('request_log', 'workspace_id');

-- When a key was used last, to the minute.
CREATE TABLE key_uses (
  door text NOT NULL,
  key_id text NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (door, key_id)
) WITH (fillfactor = 80);
SELECT place('key_uses');
