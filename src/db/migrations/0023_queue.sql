-- The step that is now to be taken of a broadcast: whoever changes its state puts a new one in, and one that was replaced ends.
ALTER TABLE broadcasts ADD COLUMN step_id bigint;

-- What a reader of the feed failed on. Kept until it was read after all, or is past its retention; the other readers had it.
CREATE TABLE feed_failures (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  reader text NOT NULL,
  lane smallint NOT NULL,
  workspace_id bigint NOT NULL,
  type text NOT NULL,
  at_ms bigint NOT NULL,
  payload jsonb NOT NULL,
  error text NOT NULL,
  attempts smallint NOT NULL,
  again_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id, reader)
);
SELECT place('feed_failures', 'bucket');
CREATE INDEX feed_failures_again ON feed_failures (lane, again_ms);
