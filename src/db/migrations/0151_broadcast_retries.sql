-- min_code: 80
-- Who of a run was tried once more, and by which broadcast: each once.
CREATE TABLE broadcast_retries (
  bucket smallint NOT NULL,
  run_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  broadcast_id bigint NOT NULL,
  PRIMARY KEY (bucket, run_id, contact_id)
);
SELECT place('broadcast_retries', 'bucket');
-- The runs whose failures a broadcast tries once more, the first one first.
ALTER TABLE broadcasts ADD COLUMN retry_of bigint[];
