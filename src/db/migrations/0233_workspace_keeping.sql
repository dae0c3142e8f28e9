-- min_code: 80
-- How far it is to delete what a workspace keeps no longer, of those that keep something for fewer days than the install does. `step` and
-- `part` as in workspace_removals; when a round is over it waits until `next_ms`.
CREATE TABLE workspace_keeping (
  workspace_id bigint PRIMARY KEY,
  next_ms bigint NOT NULL,
  step text NOT NULL DEFAULT '',
  part integer NOT NULL DEFAULT 0,
  gone bigint NOT NULL DEFAULT 0
);
SELECT place('workspace_keeping');
