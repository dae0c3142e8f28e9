-- min_code: 80
-- Imports as jobs: what was uploaded, in parts of some rows, and how far it is. A part is written in one transaction with the note that
-- it is, so that nothing is counted twice wherever a worker dies. The parts are gone when the import is over.
CREATE TABLE imports (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  state text NOT NULL CHECK (state IN ('uploading', 'ready', 'running', 'done', 'failed')),
  header text NOT NULL DEFAULT '[]',
  options text NOT NULL DEFAULT '{}',
  parts integer NOT NULL DEFAULT 0,
  rows integer NOT NULL DEFAULT 0,
  done_parts integer NOT NULL DEFAULT 0,
  done_rows integer NOT NULL DEFAULT 0,
  created integer NOT NULL DEFAULT 0,
  updated integer NOT NULL DEFAULT 0,
  rejected integer NOT NULL DEFAULT 0,
  stopped text,
  note text,
  created_ms bigint NOT NULL,
  ended_ms bigint
);
CREATE INDEX imports_of_workspace ON imports (workspace_id, id);
SELECT place('imports');

-- Rows as they stand in the file, as JSON: [[line, cell, …], …]. Text, since a cell may hold what jsonb refuses.
CREATE TABLE import_parts (
  bucket smallint NOT NULL,
  import_id bigint NOT NULL,
  n integer NOT NULL,
  rows text NOT NULL,
  PRIMARY KEY (bucket, import_id, n)
);
SELECT place('import_parts', 'bucket');

CREATE TABLE import_faults (
  bucket smallint NOT NULL,
  import_id bigint NOT NULL,
  line integer NOT NULL,
  field text NOT NULL,
  rule text NOT NULL,
  PRIMARY KEY (bucket, import_id, line)
);
SELECT place('import_faults', 'bucket');
