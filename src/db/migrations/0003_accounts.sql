-- Credentials of the demo workspace, sealed, so that every start can print them again. There is at most one row, and only
-- ever of a test workspace that Parley made itself.
CREATE TABLE demo (
  workspace_id bigint PRIMARY KEY,
  credentials_sealed bytea NOT NULL
);
SELECT place('demo');

CREATE INDEX memberships_of_workspace ON memberships (workspace_id);
CREATE INDEX operator_sessions_of_operator ON operator_sessions (operator_id);
CREATE INDEX api_keys_of_operator ON api_keys (operator_id) WHERE operator_id IS NOT NULL;
