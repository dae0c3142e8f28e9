-- min_code: 220
-- Teams of operators. A conversation may be with a team, with somebody of it or with nobody yet. A team that is deleted takes its name and its
-- people with it and leaves the conversations as they are: the id that they have names nothing any more, and is shown as no team.
CREATE TABLE inbox_teams (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  created_ms bigint NOT NULL
);
CREATE UNIQUE INDEX inbox_teams_of_workspace ON inbox_teams (workspace_id, lower(name));
SELECT place('inbox_teams');
CREATE TABLE inbox_team_members (
  team_id bigint NOT NULL,
  operator_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  PRIMARY KEY (team_id, operator_id)
);
CREATE INDEX inbox_team_members_of_operator ON inbox_team_members (workspace_id, operator_id);
SELECT place('inbox_team_members');
-- How operators stand in a workspace: away by their own word, and when a page of theirs was last connected (by the clock on the wall).
CREATE TABLE inbox_operators (
  workspace_id bigint NOT NULL,
  operator_id bigint NOT NULL,
  away boolean NOT NULL DEFAULT false,
  changed_ms bigint,
  seen_ms bigint,
  PRIMARY KEY (workspace_id, operator_id)
);
SELECT place('inbox_operators');
ALTER TABLE inbox ADD COLUMN team_id bigint;
CREATE INDEX inbox_of_team ON inbox (workspace_id, team_id, rank, contact_id) WHERE NOT closed AND team_id IS NOT NULL;
