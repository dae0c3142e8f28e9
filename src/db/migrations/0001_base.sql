-- Placement. On plain Postgres `place` does nothing; on Citus it distributes a table by its bucket (or hash) column,
-- or copies it to every node when no column is given. `parley db distribute` calls it again for an existing install.
-- Times are unix milliseconds in columns that end in _ms; ids are integers that carry bucket and time (base/ids.ts).

CREATE TABLE placements (tab text PRIMARY KEY, col text);

CREATE FUNCTION place(tab text, col text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO placements (tab, col) VALUES (tab, col) ON CONFLICT DO NOTHING;
  IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN RETURN; END IF;
  IF col IS NULL THEN EXECUTE format('SELECT create_reference_table(%L)', tab);
  ELSIF col = 'bucket' AND tab <> 'due' THEN EXECUTE format('SELECT create_distributed_table(%L, %L, colocate_with => ''due'')', tab, col);
  ELSE EXECUTE format('SELECT create_distributed_table(%L, %L, colocate_with => ''none'', shard_count => 32)', tab, col);
  END IF;
END $$;

-- Which six bits of an id are this process's own: the next of 64 at each start.
CREATE SEQUENCE id_nodes CYCLE MINVALUE 0 MAXVALUE 63 START 0;

-- ---------------------------------------------------------------- queue

-- Work that is due, and nothing but what is needed to claim it; a row is deleted when its work is done.
-- (kind, owner_id, cause_id, seq) is opaque to the queue and derived by whoever puts it in: putting the same work in twice
-- leaves one row. stream 0 is interactive work; any other stream is one bulk run (a broadcast), claimed apart, so that
-- bulk never stands before single work, and a paused run is simply not claimed.
CREATE TABLE due (
  bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 4095),
  kind smallint NOT NULL,
  owner_id bigint NOT NULL,
  cause_id bigint NOT NULL,
  seq smallint NOT NULL,
  lane smallint NOT NULL,
  attempt smallint NOT NULL DEFAULT 0,
  stream bigint NOT NULL,
  workspace_id bigint NOT NULL,
  due_ms bigint NOT NULL,
  PRIMARY KEY (bucket, kind, owner_id, cause_id, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 1);
SELECT place('due', 'bucket');
CREATE INDEX due_next ON due (lane, kind, stream, due_ms, owner_id, cause_id);
CREATE INDEX due_interactive ON due (due_ms, lane, kind) WHERE stream = 0;

-- A group of buckets that one worker owns at a time. The epoch grows with every change of owner; whatever a worker writes
-- about work in a lane is fenced by the epoch it claimed under. bucket is the lane's first.
CREATE TABLE lanes (
  bucket smallint NOT NULL,
  lane smallint NOT NULL,
  buckets smallint[] NOT NULL,
  epoch bigint NOT NULL DEFAULT 0,
  owner text,
  leased_until_ms bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, lane),
  CHECK (owner IS NOT NULL OR leased_until_ms = 0)
);
SELECT place('lanes', 'bucket');
INSERT INTO lanes (bucket, lane, buckets)
  SELECT l * 128, l, (SELECT array_agg(b::smallint ORDER BY b) FROM generate_series(l * 128, l * 128 + 127) b)
  FROM generate_series(0, 31) l;

-- Worker processes there are, so that each knows its fair share of the lanes.
CREATE TABLE workers (
  name text PRIMARY KEY,
  seen_ms bigint NOT NULL
);
SELECT place('workers');

-- A batch that is being worked on: written before the first call, deleted when the last outcome is written. What a dead
-- worker leaves here is exactly what was in flight.
CREATE TABLE flights (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  lane smallint NOT NULL,
  epoch bigint NOT NULL,
  kind smallint NOT NULL,
  owner_ids bigint[] NOT NULL,
  cause_ids bigint[] NOT NULL,
  seqs smallint[] NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
);
SELECT place('flights', 'bucket');

-- Bulk runs there are; a worker claims from those that flow.
CREATE TABLE streams (
  stream bigint PRIMARY KEY,
  kind smallint NOT NULL,
  workspace_id bigint NOT NULL,
  flowing boolean NOT NULL DEFAULT true,
  rate_per_s real CHECK (rate_per_s > 0)
);
SELECT place('streams');

-- Events that happened and were not yet handed to the readers of the feed. Dispatching moves them to events.
CREATE TABLE feed (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  lane smallint NOT NULL,
  workspace_id bigint NOT NULL,
  type text NOT NULL,
  at_ms bigint NOT NULL,
  payload jsonb NOT NULL,
  PRIMARY KEY (bucket, id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
SELECT place('feed', 'bucket');
CREATE INDEX feed_next ON feed (lane, id);

-- What happened. Partitioned by id, which is by time; retention drops partitions.
CREATE TABLE events (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  type text NOT NULL,
  at_ms bigint NOT NULL,
  payload jsonb NOT NULL,
  error text,
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
SELECT place('events', 'bucket');

-- ---------------------------------------------------------------- accounts

CREATE TABLE workspaces (
  id bigint PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  environment text NOT NULL CHECK (environment IN ('test', 'live')),
  country text NOT NULL DEFAULT 'US' CHECK (country ~ '^[A-Z]{2}$'),
  time_zone text NOT NULL DEFAULT 'UTC',
  settings jsonb NOT NULL DEFAULT '{}',
  -- How far a test workspace's own clock stands ahead of ours.
  clock_ahead_ms bigint NOT NULL DEFAULT 0 CHECK (clock_ahead_ms >= 0 AND (environment = 'test' OR clock_ahead_ms = 0)),
  created_ms bigint NOT NULL,
  deleted_ms bigint
);
SELECT place('workspaces');

CREATE TABLE operators (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE,
  name text NOT NULL,
  password_hash text NOT NULL,
  created_ms bigint NOT NULL,
  disabled_ms bigint
);
SELECT place('operators');

CREATE TABLE memberships (
  operator_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'marketer', 'agent', 'viewer')),
  PRIMARY KEY (operator_id, workspace_id)
);
SELECT place('memberships');

CREATE TABLE operator_sessions (
  token_hash text PRIMARY KEY,
  operator_id bigint NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL
);
SELECT place('operator_sessions');

-- Keys per door. hash: of a secret that is only compared. sealed: of a secret that signs (Sunshine's JWTs).
-- workspace_id is null for account-wide keys, which reach the workspaces their operator belongs to.
CREATE TABLE api_keys (
  id bigint PRIMARY KEY,
  workspace_id bigint,
  operator_id bigint,
  door text NOT NULL CHECK (door IN ('sunshine', 'web1on1', 'outbound', 'shout', 'console')),
  key_id text NOT NULL,
  name text NOT NULL DEFAULT '',
  scopes text[] NOT NULL,
  secret_hash text,
  secret_sealed bytea,
  created_ms bigint NOT NULL,
  expires_ms bigint,
  revoked_ms bigint,
  UNIQUE (door, key_id),
  CHECK ((secret_hash IS NULL) <> (secret_sealed IS NULL)),
  CHECK (workspace_id IS NOT NULL OR operator_id IS NOT NULL)
);
SELECT place('api_keys');
CREATE INDEX api_keys_of_workspace ON api_keys (workspace_id);

CREATE TABLE integrations (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  provider text NOT NULL,
  channel text NOT NULL,
  name text NOT NULL DEFAULT '',
  settings jsonb NOT NULL DEFAULT '{}',
  secrets_sealed bytea,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'error')),
  rate_per_s real CHECK (rate_per_s > 0),
  -- Text of the path of its callbacks that nobody can guess, for providers whose callbacks are not signed.
  callback_key text NOT NULL,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  deleted_ms bigint
);
SELECT place('integrations');
CREATE INDEX integrations_of_workspace ON integrations (workspace_id);

CREATE TABLE audit_log (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL DEFAULT '',
  detail jsonb NOT NULL DEFAULT '{}',
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE TABLE audit_log_rest PARTITION OF audit_log DEFAULT;
SELECT place('audit_log', 'bucket');
CREATE INDEX audit_log_of_workspace ON audit_log (workspace_id, id);

-- One row per Idempotency-Key that was carried out, written in the transaction of its work.
CREATE TABLE idempotency (
  hash integer NOT NULL,
  scope text NOT NULL,
  key text NOT NULL CHECK (length(key) <= 255),
  request_hash text NOT NULL,
  status smallint NOT NULL,
  body text NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (hash, scope, key)
);
SELECT place('idempotency', 'hash');
CREATE INDEX idempotency_age ON idempotency (created_ms);
