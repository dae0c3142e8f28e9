-- min_code: 80
-- When a provider first called back for an integration, and when last, to the minute: what a set-up waits for.
CREATE TABLE integration_calls (
  integration_id bigint PRIMARY KEY,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL
);
SELECT place('integration_calls');
