-- How integrations fare, as each process that sends has seen it: any process can tell. A process writes its rows together, every
-- few seconds at most. open_until_ms is until when its breaker keeps messages back.
CREATE TABLE integration_health (
  integration_id bigint NOT NULL,
  process text NOT NULL,
  failures_in_a_row integer NOT NULL,
  open_until_ms bigint,
  last_success_ms bigint,
  last_failure_ms bigint,
  last_failure_code text,
  last_failure_detail text,
  noted_ms bigint NOT NULL,
  PRIMARY KEY (integration_id, process)
);
SELECT place('integration_health');

-- What came of messages, by the minute, of all processes together. Old minutes are swept.
CREATE TABLE integration_minutes (
  integration_id bigint NOT NULL,
  minute bigint NOT NULL,
  accepted bigint NOT NULL,
  refused bigint NOT NULL,
  deferred bigint NOT NULL,
  PRIMARY KEY (integration_id, minute)
);
SELECT place('integration_minutes');
