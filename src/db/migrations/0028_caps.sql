-- What marketing each person was sent lately, in workspaces with a frequency cap: room is taken here, in the transaction that lets a
-- message through, so that two at once do not both find the last place. Times by the workspace's clock, one for each cause.
CREATE TABLE caps (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  at_ms bigint[] NOT NULL,
  cause_ids bigint[] NOT NULL,
  PRIMARY KEY (bucket, contact_id),
  CHECK (cardinality(at_ms) = cardinality(cause_ids))
) WITH (fillfactor = 70);
SELECT place('caps', 'bucket');
