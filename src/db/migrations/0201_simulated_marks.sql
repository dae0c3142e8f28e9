-- min_code: 80
-- Up to which message somebody has looked at a simulated device.
CREATE TABLE simulated_marks (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  message_id bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, channel, address)
);
SELECT place('simulated_marks', 'bucket');
