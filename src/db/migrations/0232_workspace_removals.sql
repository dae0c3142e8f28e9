-- min_code: 80
-- Workspaces that are deleted and whose rows are still going: how far that is. `step` is what of is being gone through, `part` the first of
-- its 4096 parts that is not done, `gone` how many rows went in this round of all steps. A round in which none went is the last.
CREATE TABLE workspace_removals (
  workspace_id bigint PRIMARY KEY,
  asked_ms bigint NOT NULL,
  asked_by text NOT NULL,
  name text NOT NULL,
  step text NOT NULL DEFAULT '',
  part integer NOT NULL DEFAULT 0,
  gone bigint NOT NULL DEFAULT 0
);
SELECT place('workspace_removals');
