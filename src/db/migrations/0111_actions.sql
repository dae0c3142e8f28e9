-- min_code: 110
-- Actions that a company shares with connected accounts: campaigns as it wrote them, and where they were offered (docs/connect.md).

-- Versions never change.
CREATE TABLE shared_actions (
  client_workspace_id bigint NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
  version integer NOT NULL,
  file jsonb NOT NULL,
  -- What of it an account may change: paths, with steps by their keys.
  may_change text[] NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (client_workspace_id, key, version)
);
SELECT place('shared_actions');

-- Which campaign of an account is whose action, and of which version its text is.
CREATE TABLE offered_actions (
  workspace_id bigint NOT NULL,
  key text NOT NULL,
  client_workspace_id bigint NOT NULL,
  version integer NOT NULL,
  offered_ms bigint NOT NULL,
  PRIMARY KEY (workspace_id, key)
);
SELECT place('offered_actions');
