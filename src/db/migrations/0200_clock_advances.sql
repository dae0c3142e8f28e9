-- min_code: 80
-- Moves of the clock of a test workspace, each a job. `moved_ms` is how far the clock was moved, `brought_ms` how far what is due there was
-- brought forward: whoever finds them apart goes on from there. `happened` names times, kinds and counts, and nobody.
CREATE TABLE clock_advances (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'canceled')),
  from_ms bigint NOT NULL,
  by_ms bigint NOT NULL CHECK (by_ms > 0),
  moved_ms bigint NOT NULL DEFAULT 0,
  brought_ms bigint NOT NULL DEFAULT 0 CHECK (brought_ms <= moved_ms AND moved_ms <= by_ms),
  -- Since when it waits for what is due, by our clock, and how long it has waited before.
  since_ms bigint NOT NULL,
  waited_ms bigint NOT NULL DEFAULT 0,
  cancel boolean NOT NULL DEFAULT false,
  happened jsonb NOT NULL DEFAULT '[]',
  note text,
  created_ms bigint NOT NULL,
  ended_ms bigint,
  CHECK ((state = 'running') = (ended_ms IS NULL))
);
SELECT place('clock_advances');
CREATE INDEX clock_advances_of_workspace ON clock_advances (workspace_id, id);
-- One at a time.
CREATE UNIQUE INDEX clock_advances_running ON clock_advances (workspace_id) WHERE state = 'running';
