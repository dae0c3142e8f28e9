-- min_code: 220
-- Views of the inbox that operators keep: one's own, or everybody's where nobody's name is on them.
CREATE TABLE inbox_views (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  operator_id bigint,
  name text NOT NULL,
  look jsonb NOT NULL,
  created_ms bigint NOT NULL
);
CREATE UNIQUE INDEX inbox_views_of_workspace ON inbox_views (workspace_id, coalesce(operator_id, 0), lower(name));
SELECT place('inbox_views');
