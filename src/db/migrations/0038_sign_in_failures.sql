-- Wrong passwords by address, whether or not there is such an operator: after a few, the next try has to wait, over all processes.
CREATE TABLE sign_in_failures (
  email_hash text PRIMARY KEY,
  count int NOT NULL,
  last_ms bigint NOT NULL
);
SELECT place('sign_in_failures');
