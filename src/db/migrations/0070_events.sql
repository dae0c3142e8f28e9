-- min_code: 50
-- What contacts do. An event waits in event_arrivals until the owner of its lane takes it (campaigns/events), which empties itself as
-- the feed does; then it stands in contact_events for as long as events are kept, and is counted in event_stats for as long as the
-- contact is there.

ALTER TABLE identities DROP CONSTRAINT identities_kind_check;
ALTER TABLE identities ADD CONSTRAINT identities_kind_check
  CHECK (kind IN ('external', 'phone', 'email', 'token', 'whatsapp', 'webhook', 'anonymous', 'group'));

-- Names of events, exact, as they are given. Written before what uses them, in a transaction of their own.
CREATE TABLE event_names (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_ms bigint NOT NULL
);
SELECT place('event_names');
CREATE UNIQUE INDEX event_names_by_name ON event_names (workspace_id, name);

-- What has arrived and was not taken yet, in the order of arrival within a lane. kind: 1 an event, 2 a contact that changed.
-- flags: 1 the key is the caller's and is looked for among those of the last days, 2 history, 4 the client's clock was ahead of ours.
CREATE TABLE event_arrivals (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  lane smallint NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  kind smallint NOT NULL,
  name_id bigint,
  at_ms bigint NOT NULL,
  received_ms bigint NOT NULL,
  key bigint NOT NULL,
  flags smallint NOT NULL DEFAULT 0,
  properties jsonb,
  PRIMARY KEY (bucket, id),
  CHECK ((kind = 1) = (name_id IS NOT NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 1);
SELECT place('event_arrivals', 'bucket');
CREATE INDEX event_arrivals_next ON event_arrivals (lane, id);

-- Keys of events that came with one, so that a repeat within seven days is one event.
CREATE TABLE event_keys (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  key bigint NOT NULL,
  seen_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, key)
);
SELECT place('event_keys', 'bucket');
CREATE INDEX event_keys_age ON event_keys USING brin (seen_ms);

-- What a contact did; by month of when it was done.
CREATE TABLE contact_events (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  name_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  key bigint NOT NULL,
  workspace_id bigint NOT NULL,
  received_ms bigint NOT NULL,
  flags smallint NOT NULL,
  properties jsonb,
  PRIMARY KEY (bucket, contact_id, name_id, at_ms, key)
) PARTITION BY RANGE (at_ms);
CREATE TABLE contact_events_rest PARTITION OF contact_events DEFAULT;
SELECT place('contact_events', 'bucket');
CREATE INDEX contact_events_received ON contact_events USING brin (received_ms);

-- How often and when first and last: answers "ever", "never" and "last before" without history.
CREATE TABLE event_stats (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  name_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  count bigint NOT NULL,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, name_id)
) WITH (fillfactor = 80);
SELECT place('event_stats', 'bucket');
