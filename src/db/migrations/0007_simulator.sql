-- What a simulated provider will report, a row per batch and time; its due row (kind 4) has the same id as owner. plan is JSON
-- text that no statement looks into. It is kept uncompressed: compressing 500 refs costs more than writing them (0.5 µs against
-- 0.15 µs a message).
CREATE TABLE simulated_receipts (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  plan text NOT NULL,
  PRIMARY KEY (bucket, id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE simulated_receipts ALTER plan SET STORAGE EXTERNAL;
SELECT place('simulated_receipts', 'bucket');
