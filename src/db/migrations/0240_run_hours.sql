-- min_code: 220
-- What became of a broadcast by hour, counted from the feed (src/ledger/usage.ts): a row for each lane and hour in which anything did,
-- in the lane's first bucket, as tallies are kept. Broadcasts of before have none.
CREATE TABLE run_hours (
  bucket smallint NOT NULL,
  cause_id bigint NOT NULL,
  hour_ms bigint NOT NULL,
  sent bigint NOT NULL DEFAULT 0,
  delivered bigint NOT NULL DEFAULT 0,
  read bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  replied bigint NOT NULL DEFAULT 0,
  opted_out bigint NOT NULL DEFAULT 0,
  -- Text messages that were paid for.
  segments bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, cause_id, hour_ms)
) WITH (fillfactor = 70);
SELECT place('run_hours', 'bucket');

-- Who answered a broadcast, and who said no to more: 1 wrote, 2 opted out. Once each, whatever they write.
CREATE TABLE run_answers (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  cause_id bigint NOT NULL,
  kind smallint NOT NULL CHECK (kind IN (1, 2)),
  workspace_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, cause_id, kind)
);
CREATE INDEX run_answers_of_run ON run_answers (cause_id, kind, bucket, contact_id);
SELECT place('run_answers', 'bucket');
