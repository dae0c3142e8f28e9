-- min_code: 330
-- Messages that were sent and then removed by somebody: what was said is gone, and its deliveries still have a cause (reconcile).
CREATE TABLE removed_messages (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX removed_messages_of_workspace ON removed_messages (workspace_id, id);
SELECT place('removed_messages', 'bucket');
-- 5: a message is not kept any more.
ALTER TABLE live_log DROP CONSTRAINT live_log_kind_check;
ALTER TABLE live_log ADD CONSTRAINT live_log_kind_check CHECK (kind BETWEEN 1 AND 5);
