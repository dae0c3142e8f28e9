-- min_code: 330
-- What an import made, person by person, so that it can be taken back: whether it made the contact and which lists and tags it put it into.
-- In the bucket of the contact. Goes with the import, and person by person as it is taken back.
CREATE TABLE import_made (
  bucket smallint NOT NULL,
  import_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  made boolean NOT NULL,
  set_ids bigint[] NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, import_id, contact_id)
);
CREATE INDEX import_made_in_order ON import_made (import_id, bucket, contact_id);
CREATE INDEX import_made_of_contact ON import_made (bucket, contact_id);
SELECT place('import_made', 'bucket');
-- How far taking it back is, as JSON; null where nobody asked for it.
ALTER TABLE imports ADD COLUMN undo text;
