-- min_code: 80
-- People who were erased while a file waited to be imported or was being read: proofs of what they were known by, so that no row of
-- that file brings them back. Goes with the import.
CREATE TABLE import_erased (
  bucket smallint NOT NULL,
  import_id bigint NOT NULL,
  proof text NOT NULL,
  PRIMARY KEY (bucket, import_id, proof)
);
SELECT place('import_erased', 'bucket');
