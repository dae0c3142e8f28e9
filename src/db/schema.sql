-- by hash
CREATE TABLE address_spellings (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  spelled text NOT NULL,
  address text NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, channel, spelled)
);
CREATE INDEX address_spellings_of_contact ON address_spellings USING btree (contact_id);

-- on every node
CREATE TABLE allowances (
  who_hash text NOT NULL,
  back_ms double precision NOT NULL,
  PRIMARY KEY (who_hash)
);

-- on every node
CREATE TABLE api_keys (
  id bigint NOT NULL,
  workspace_id bigint,
  operator_id bigint,
  door text NOT NULL,
  key_id text NOT NULL,
  name text NOT NULL DEFAULT ''::text,
  scopes text[] NOT NULL,
  secret_hash text,
  secret_sealed bytea,
  created_ms bigint NOT NULL,
  expires_ms bigint,
  revoked_ms bigint,
  UNIQUE (door, key_id),
  PRIMARY KEY (id),
  CHECK (((secret_hash IS NULL) <> (secret_sealed IS NULL))),
  CHECK (((workspace_id IS NOT NULL) OR (operator_id IS NOT NULL))),
  CHECK ((door = ANY (ARRAY['sunshine'::text, 'web1on1'::text, 'outbound'::text, 'shout'::text, 'console'::text])))
);
CREATE INDEX api_keys_of_operator ON api_keys USING btree (operator_id) WHERE (operator_id IS NOT NULL);
CREATE INDEX api_keys_of_workspace ON api_keys USING btree (workspace_id);

-- by bucket
CREATE TABLE audit_log (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL DEFAULT ''::text,
  detail jsonb NOT NULL DEFAULT '{}'::jsonb,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE INDEX audit_log_of_workspace ON ONLY audit_log USING btree (workspace_id, id);

-- by bucket
CREATE TABLE auth_codes (
  bucket smallint NOT NULL,
  code_hash text NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (bucket, code_hash)
);
CREATE INDEX auth_codes_age ON auth_codes USING btree (expires_ms);
CREATE INDEX auth_codes_of_contact ON auth_codes USING btree (contact_id);

-- by bucket
CREATE TABLE broadcast_lanes (
  bucket smallint NOT NULL,
  run_id bigint NOT NULL,
  lane smallint NOT NULL,
  matched integer NOT NULL,
  PRIMARY KEY (bucket, run_id, lane)
);

-- by bucket
CREATE TABLE broadcast_posts (
  bucket smallint NOT NULL,
  run_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  broadcast_id bigint NOT NULL,
  kind text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, run_id, contact_id),
  CHECK ((kind = ANY (ARRAY['direct'::text, 'notices'::text])))
);
CREATE INDEX broadcast_posts_of_contact ON broadcast_posts USING btree (bucket, contact_id, kind, at_ms);

-- by bucket
CREATE TABLE broadcast_retries (
  bucket smallint NOT NULL,
  run_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  broadcast_id bigint NOT NULL,
  PRIMARY KEY (bucket, run_id, contact_id)
);

-- on every node
CREATE TABLE broadcasts (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  state text NOT NULL,
  content jsonb NOT NULL,
  class text NOT NULL,
  channel text NOT NULL,
  integration_id bigint,
  audience jsonb NOT NULL,
  rate_per_s real,
  note text,
  run_id bigint,
  scheduled_ms bigint,
  started_ms bigint,
  finished_ms bigint,
  expires_after_ms bigint NOT NULL DEFAULT 259200000,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  step_id bigint,
  origin jsonb,
  revision integer NOT NULL DEFAULT 1,
  retry_of bigint[],
  PRIMARY KEY (id),
  CHECK (((state = ANY (ARRAY['draft'::text, 'scheduled'::text, 'canceled'::text])) OR (run_id IS NOT NULL))),
  CHECK (((state <> 'scheduled'::text) OR (scheduled_ms IS NOT NULL))),
  CHECK (((state = ANY (ARRAY['done'::text, 'canceled'::text])) = (finished_ms IS NOT NULL))),
  CHECK ((class = ANY (ARRAY['transactional'::text, 'marketing'::text, 'authentication'::text]))),
  CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  CHECK ((rate_per_s > (0)::double precision)),
  CHECK ((state = ANY (ARRAY['draft'::text, 'scheduled'::text, 'running'::text, 'paused'::text, 'done'::text, 'canceled'::text])))
);
CREATE UNIQUE INDEX broadcasts_by_run ON broadcasts USING btree (run_id) WHERE (run_id IS NOT NULL);
CREATE INDEX broadcasts_by_set ON broadcasts USING gin (((jsonb_path_query_array(audience, '$.*."lists"[*]'::jsonpath) || jsonb_path_query_array(audience, '$.*."tags"[*]'::jsonpath))) jsonb_path_ops) WHERE ((origin IS NULL) AND (state = ANY (ARRAY['draft'::text, 'scheduled'::text, 'running'::text, 'paused'::text])));
CREATE INDEX broadcasts_of_posts ON broadcasts USING btree (((origin ->> 'postId'::text))) WHERE (origin ? 'postId'::text);
CREATE INDEX broadcasts_of_workspace ON broadcasts USING btree (workspace_id, id);

-- by hash
CREATE TABLE callback_signatures (
  hash integer NOT NULL,
  integration_id bigint NOT NULL,
  token_hash text NOT NULL,
  content_hash text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (hash, integration_id, token_hash)
);
CREATE INDEX callback_signatures_age ON callback_signatures USING btree (at_ms);

-- on every node
CREATE TABLE campaign_backtests (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint,
  file jsonb NOT NULL,
  salt text NOT NULL,
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  ordered_by text NOT NULL,
  wanted integer NOT NULL,
  done integer NOT NULL DEFAULT 0,
  sums jsonb NOT NULL DEFAULT '{}'::jsonb,
  note text,
  created_ms bigint NOT NULL,
  ended_ms bigint,
  PRIMARY KEY (id),
  CHECK ((ordered_by = ANY (ARRAY['received'::text, 'at'::text]))),
  CHECK (((wanted >= 1) AND (wanted <= 4096)))
);
CREATE INDEX campaign_backtests_of ON campaign_backtests USING btree (workspace_id, id);

-- by bucket
CREATE TABLE campaign_entries (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  entry_key bigint NOT NULL,
  enrolment_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  version_id bigint NOT NULL,
  epoch integer NOT NULL,
  arm smallint NOT NULL,
  entered_ms bigint NOT NULL,
  ended_ms bigint,
  ending text,
  trigger jsonb,
  converted jsonb NOT NULL DEFAULT '{}'::jsonb,
  variant text,
  reached_ms bigint,
  missed jsonb,
  PRIMARY KEY (bucket, contact_id, campaign_id, entry_key),
  CHECK ((arm = ANY (ARRAY[0, 1, 2]))),
  CHECK (((ended_ms IS NULL) = (ending IS NULL)))
) WITH (fillfactor=50);
CREATE INDEX campaign_entries_of_campaign ON campaign_entries USING btree (campaign_id, entered_ms);

-- on every node
CREATE TABLE campaign_epochs (
  campaign_id bigint NOT NULL,
  epoch integer NOT NULL,
  workspace_id bigint NOT NULL,
  plan jsonb NOT NULL,
  began_ms bigint NOT NULL,
  PRIMARY KEY (campaign_id, epoch)
);

-- by bucket
CREATE TABLE campaign_hours (
  bucket smallint NOT NULL,
  campaign_id bigint NOT NULL,
  hour_ms bigint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (bucket, campaign_id, hour_ms)
);

-- by bucket
CREATE TABLE campaign_optouts (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  since_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, campaign_id)
);

-- by bucket
CREATE TABLE campaign_refusals (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (bucket, contact_id, campaign_id)
) WITH (fillfactor=80);

-- by bucket
CREATE TABLE campaign_sends (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  message_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  enrolment_id bigint NOT NULL,
  epoch integer NOT NULL,
  step text NOT NULL,
  at_ms bigint NOT NULL,
  variant text,
  version_id bigint NOT NULL DEFAULT 0,
  seen smallint NOT NULL DEFAULT 0,
  depth smallint,
  PRIMARY KEY (bucket, contact_id, message_id)
) WITH (fillfactor=55);

-- on every node
CREATE TABLE campaign_stamp (
  id smallint NOT NULL,
  n bigint NOT NULL,
  told bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  CHECK ((id = 1))
);

-- on every node
CREATE TABLE campaign_stamps (
  workspace_id bigint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (workspace_id)
);
CREATE INDEX campaign_stamps_newest ON campaign_stamps USING btree (n);

-- by bucket
CREATE TABLE campaign_tallies (
  bucket smallint NOT NULL,
  campaign_id bigint NOT NULL,
  epoch integer NOT NULL,
  arm smallint NOT NULL,
  step text NOT NULL,
  metric text NOT NULL,
  n bigint NOT NULL,
  total double precision NOT NULL DEFAULT 0,
  squares double precision NOT NULL DEFAULT 0,
  variant text NOT NULL DEFAULT ''::text,
  version_id bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, campaign_id, epoch, arm, variant, version_id, step, metric)
) WITH (fillfactor=60);

-- by bucket
CREATE TABLE campaign_tasks (
  bucket smallint NOT NULL,
  lane smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  kind text NOT NULL,
  params jsonb NOT NULL,
  after_id bigint NOT NULL DEFAULT 0,
  created_ms bigint NOT NULL,
  due_ms bigint NOT NULL DEFAULT 0,
  needs smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, lane, id),
  CHECK ((kind = ANY (ARRAY['move'::text, 'resume'::text, 'end'::text, 'build'::text, 'since'::text, 'hand'::text, 'zone'::text])))
);

-- on every node
CREATE TABLE campaign_versions (
  id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  number integer NOT NULL,
  file jsonb NOT NULL,
  epoch integer NOT NULL,
  is_open boolean NOT NULL DEFAULT true,
  published_ms bigint NOT NULL,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX campaign_versions_by_number ON campaign_versions USING btree (campaign_id, number);

-- on every node
CREATE TABLE campaigns (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  state text NOT NULL,
  draft jsonb,
  version_id bigint,
  epoch integer NOT NULL DEFAULT 0,
  salt text NOT NULL,
  paused text,
  paused_ms bigint,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  started_ms bigint,
  expected_per_hour bigint,
  note text,
  is_left boolean NOT NULL DEFAULT false,
  revision integer NOT NULL DEFAULT 1,
  changed_by bigint,
  archived_ms bigint,
  PRIMARY KEY (id),
  CHECK (((state = 'paused'::text) = (paused IS NOT NULL))),
  CHECK (((state = 'draft'::text) OR (version_id IS NOT NULL))),
  CHECK ((expected_per_hour >= 0)),
  CHECK (((length(key) >= 1) AND (length(key) <= 64))),
  CHECK ((paused = ANY (ARRAY['entering'::text, 'all'::text]))),
  CHECK ((state = ANY (ARRAY['draft'::text, 'active'::text, 'paused'::text, 'ended'::text])))
);
CREATE UNIQUE INDEX campaigns_by_key ON campaigns USING btree (workspace_id, key);

-- by bucket
CREATE TABLE caps (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  at_ms bigint[] NOT NULL,
  cause_ids bigint[] NOT NULL,
  filled_ms bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, contact_id),
  CHECK ((cardinality(at_ms) = cardinality(cause_ids)))
) WITH (fillfactor=70);

-- by bucket
CREATE TABLE chat_presence (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  seen_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id)
) WITH (fillfactor=50);

-- by bucket
CREATE TABLE chat_sessions (
  bucket smallint NOT NULL,
  token_hash text NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (bucket, token_hash)
);
CREATE INDEX chat_sessions_age ON chat_sessions USING btree (expires_ms);
CREATE INDEX chat_sessions_of_contact ON chat_sessions USING btree (contact_id);

-- on every node
CREATE TABLE clock_advances (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  state text NOT NULL,
  from_ms bigint NOT NULL,
  by_ms bigint NOT NULL,
  moved_ms bigint NOT NULL DEFAULT 0,
  brought_ms bigint NOT NULL DEFAULT 0,
  since_ms bigint NOT NULL,
  waited_ms bigint NOT NULL DEFAULT 0,
  cancel boolean NOT NULL DEFAULT false,
  happened jsonb NOT NULL DEFAULT '[]'::jsonb,
  note text,
  created_ms bigint NOT NULL,
  ended_ms bigint,
  PRIMARY KEY (id),
  CHECK ((by_ms > 0)),
  CHECK (((brought_ms <= moved_ms) AND (moved_ms <= by_ms))),
  CHECK (((state = 'running'::text) = (ended_ms IS NULL))),
  CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'canceled'::text])))
);
CREATE INDEX clock_advances_of_workspace ON clock_advances USING btree (workspace_id, id);
CREATE UNIQUE INDEX clock_advances_running ON clock_advances USING btree (workspace_id) WHERE (state = 'running'::text);

-- by bucket
CREATE TABLE connect_chats (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  kind text NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  notify text NOT NULL DEFAULT 'all'::text,
  muted_until_ms bigint,
  read_ms bigint NOT NULL DEFAULT 0,
  opened_ms bigint NOT NULL,
  closed_ms bigint,
  PRIMARY KEY (bucket, contact_id, kind),
  CHECK ((kind = ANY (ARRAY['direct'::text, 'notices'::text, 'announcements'::text]))),
  CHECK ((notify = ANY (ARRAY['all'::text, 'none'::text])))
);
CREATE INDEX connect_chats_by_id ON connect_chats USING btree (id);

-- on every node
CREATE TABLE connect_clients (
  workspace_id bigint NOT NULL,
  id bigint NOT NULL,
  enabled boolean NOT NULL,
  name text NOT NULL,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  secret_sealed bytea NOT NULL,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  PRIMARY KEY (workspace_id),
  CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);
CREATE UNIQUE INDEX connect_clients_by_client ON connect_clients USING btree (id);

-- on every node
CREATE TABLE connect_grants (
  id bigint NOT NULL,
  client_workspace_id bigint NOT NULL,
  connect_id text,
  signed boolean NOT NULL,
  holder_id bigint NOT NULL,
  holder_workspace_id bigint NOT NULL,
  contact_id bigint,
  allows text[] NOT NULL,
  connected_ms bigint NOT NULL,
  disconnected_ms bigint,
  ended_by text,
  PRIMARY KEY (id),
  CHECK (((disconnected_ms IS NULL) = (ended_by IS NULL))),
  CHECK (((disconnected_ms IS NOT NULL) OR ((connect_id IS NOT NULL) AND (contact_id IS NOT NULL)))),
  CHECK (((length(connect_id) >= 1) AND (length(connect_id) <= 200))),
  CHECK ((ended_by = ANY (ARRAY['holder'::text, 'company'::text, 'erased'::text, 'workspace'::text])))
);
CREATE INDEX connect_grants_by_connect_id ON connect_grants USING btree (client_workspace_id, connect_id, id);
CREATE INDEX connect_grants_by_holder ON connect_grants USING btree (client_workspace_id, holder_id, id);
CREATE INDEX connect_grants_in_workspace ON connect_grants USING btree (holder_workspace_id);
CREATE INDEX connect_grants_of_client ON connect_grants USING btree (client_workspace_id, id);
CREATE INDEX connect_grants_of_contact ON connect_grants USING btree (contact_id);
CREATE INDEX connect_grants_of_holder ON connect_grants USING btree (holder_id, id);
CREATE UNIQUE INDEX connect_grants_one_holder ON connect_grants USING btree (client_workspace_id, holder_id) WHERE (disconnected_ms IS NULL);
CREATE UNIQUE INDEX connect_grants_one_id ON connect_grants USING btree (client_workspace_id, connect_id) WHERE (disconnected_ms IS NULL);

-- by bucket
CREATE TABLE consent_log (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  blocked_classes smallint NOT NULL,
  reason text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX consent_log_of_contact ON consent_log USING btree (bucket, contact_id);

-- by bucket
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
  arrival_id bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, contact_id, name_id, at_ms, key)
) PARTITION BY RANGE (at_ms);
CREATE INDEX contact_events_received ON ONLY contact_events USING brin (received_ms);

-- by bucket
CREATE TABLE contacts (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  id bigint NOT NULL,
  external_id text,
  given_name text,
  surname text,
  attributes jsonb NOT NULL DEFAULT '{}'::jsonb,
  time_zone text,
  locale text,
  credential_required boolean NOT NULL DEFAULT false,
  signed_up_ms bigint,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  last_inbound_ms bigint,
  disconnected_ms bigint,
  PRIMARY KEY (bucket, workspace_id, id)
);
CREATE INDEX contacts_by_given_name ON contacts USING btree (workspace_id, lower(given_name) text_pattern_ops) WHERE (given_name IS NOT NULL);
CREATE INDEX contacts_by_surname ON contacts USING btree (workspace_id, lower(surname) text_pattern_ops) WHERE (surname IS NOT NULL);
CREATE INDEX contacts_of_workspace ON contacts USING btree (workspace_id, id);

-- by bucket
CREATE TABLE conversations (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  started boolean NOT NULL DEFAULT false,
  unread_count integer NOT NULL DEFAULT 0,
  business_read_ms bigint,
  contact_read_ms bigint,
  message_count integer NOT NULL DEFAULT 0,
  created_ms bigint NOT NULL,
  merged_from bigint[] NOT NULL DEFAULT '{}'::bigint[],
  PRIMARY KEY (bucket, id),
  CHECK ((unread_count >= 0))
);
CREATE UNIQUE INDEX conversations_of_contact ON conversations USING btree (bucket, contact_id);

-- by bucket
CREATE TABLE conversions (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  enrolment_id bigint NOT NULL,
  goal text NOT NULL,
  event_key bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  epoch integer NOT NULL,
  arm smallint NOT NULL,
  at_ms bigint NOT NULL,
  value double precision NOT NULL DEFAULT 0,
  message_id bigint,
  PRIMARY KEY (bucket, contact_id, enrolment_id, goal, event_key)
);
CREATE INDEX conversions_of_campaign ON conversions USING btree (campaign_id, at_ms);

-- by bucket
CREATE TABLE deliveries (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  cause_id bigint NOT NULL,
  seq smallint NOT NULL,
  state smallint NOT NULL,
  prior_state smallint,
  attempts smallint NOT NULL DEFAULT 0,
  class smallint NOT NULL,
  channel text,
  workspace_id bigint NOT NULL,
  integration_id bigint,
  destination_id bigint,
  address text,
  code text,
  detail text,
  external_ids text[],
  vars jsonb,
  trail jsonb,
  expires_ms bigint,
  sent_ms bigint,
  state_ms bigint NOT NULL,
  may_fall_back boolean,
  erased boolean,
  segments smallint,
  amiss smallint GENERATED ALWAYS AS ( CASE WHEN (state = ANY (ARRAY[3, 10, 11, 12])) THEN state ELSE NULL::smallint END) STORED,
  PRIMARY KEY (bucket, contact_id, cause_id, seq),
  CHECK (((state <> ALL (ARRAY[1, 10, 11, 12])) OR (code IS NOT NULL))),
  CHECK (((state <> 4) OR (sent_ms IS NOT NULL))),
  CHECK ((class = ANY (ARRAY[1, 2, 4]))),
  CHECK (((state <> ALL (ARRAY[10, 11, 12, 13])) OR (prior_state IS NULL) OR (prior_state < 7) OR (prior_state = state))) NOT VALID,
  CHECK (((state <> 11) OR (code = ANY (ARRAY['no_destination'::text, 'pending'::text, 'inactive'::text, 'dead'::text, 'complained'::text, 'opted_out_all'::text, 'opted_out_channel'::text, 'opted_out_sender'::text, 'banned'::text, 'imported'::text, 'whatsapp_window'::text, 'sender_refused'::text])))) NOT VALID,
  CHECK ((state = ANY (ARRAY[0, 1, 3, 4, 5, 6, 10, 11, 12, 13])))
) PARTITION BY RANGE (cause_id);
CREATE INDEX deliveries_amiss ON ONLY deliveries USING btree (cause_id, amiss) WHERE (amiss IS NOT NULL);

-- on every node
CREATE TABLE demo (
  workspace_id bigint NOT NULL,
  credentials_sealed bytea NOT NULL,
  PRIMARY KEY (workspace_id)
);

-- by bucket
CREATE TABLE destinations (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  integration_id bigint,
  address text NOT NULL,
  status text NOT NULL DEFAULT 'active'::text,
  blocked_classes smallint NOT NULL DEFAULT 0,
  blocked_reason text,
  display_name text,
  raw jsonb,
  info jsonb,
  linked_ms bigint NOT NULL,
  last_seen_ms bigint NOT NULL,
  last_inbound_ms bigint,
  blocks text[],
  PRIMARY KEY (bucket, contact_id, id),
  CHECK (((blocked_classes >= 0) AND (blocked_classes <= 7))),
  CHECK (((blocked_classes = 0) OR (blocked_reason IS NOT NULL))),
  CHECK (((blocked_classes = 0) = (blocks IS NULL))),
  CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'inactive'::text, 'blocked'::text])))
);
CREATE INDEX destinations_by_display_name ON destinations USING btree (workspace_id, lower(display_name) text_pattern_ops) WHERE (display_name IS NOT NULL);

-- by bucket
CREATE TABLE due (
  bucket smallint NOT NULL,
  kind smallint NOT NULL,
  owner_id bigint NOT NULL,
  cause_id bigint NOT NULL,
  seq smallint NOT NULL,
  lane smallint NOT NULL,
  attempt smallint NOT NULL DEFAULT 0,
  stream bigint NOT NULL,
  workspace_id bigint NOT NULL,
  due_ms bigint NOT NULL,
  PRIMARY KEY (bucket, kind, owner_id, cause_id, seq),
  CHECK (((bucket >= 0) AND (bucket <= 4095)))
) WITH (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=5000, autovacuum_vacuum_cost_delay=1);
CREATE INDEX due_interactive ON due USING btree (due_ms, lane, kind) WHERE (stream = 0);
CREATE INDEX due_next ON due USING btree (lane, kind, stream, due_ms, owner_id, cause_id);

-- by bucket
CREATE TABLE enrolment_log (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  enrolment_id bigint NOT NULL,
  seq integer NOT NULL,
  at_ms bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  what text NOT NULL,
  step text,
  detail text,
  PRIMARY KEY (bucket, contact_id, enrolment_id, seq, at_ms)
) PARTITION BY RANGE (at_ms);

-- by bucket
CREATE TABLE enrolments (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  version_id bigint NOT NULL,
  entry_key bigint NOT NULL,
  epoch integer NOT NULL,
  arm smallint,
  entered_ms bigint NOT NULL,
  trigger jsonb,
  place jsonb NOT NULL,
  variant text,
  PRIMARY KEY (bucket, contact_id, id),
  CHECK ((arm = ANY (ARRAY[0, 1, 2])))
) WITH (fillfactor=60);
CREATE INDEX enrolments_of_campaign ON enrolments USING btree (campaign_id, bucket, contact_id);

-- by bucket
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
  CHECK (((kind = 1) = (name_id IS NOT NULL)))
) WITH (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=5000, autovacuum_vacuum_cost_delay=1);
CREATE INDEX event_arrivals_next ON event_arrivals USING btree (lane, id);
CREATE INDEX event_arrivals_of ON event_arrivals USING btree (workspace_id, lane, id);

-- by bucket
CREATE TABLE event_keys (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  key bigint NOT NULL,
  seen_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, key)
);
CREATE INDEX event_keys_age ON event_keys USING brin (seen_ms);

-- on every node
CREATE TABLE event_names (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (id),
  CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
CREATE UNIQUE INDEX event_names_by_name ON event_names USING btree (workspace_id, name);

-- by bucket
CREATE TABLE event_stats (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  name_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  count bigint NOT NULL,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, name_id)
) WITH (fillfactor=80);

-- by bucket
CREATE TABLE favorites (
  bucket smallint NOT NULL,
  message_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, message_id)
);

-- by bucket
CREATE TABLE feed (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  lane smallint NOT NULL,
  workspace_id bigint NOT NULL,
  type text NOT NULL,
  at_ms bigint NOT NULL,
  payload jsonb NOT NULL,
  PRIMARY KEY (bucket, id)
) WITH (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=2000);
CREATE INDEX feed_next ON feed USING btree (lane, id);

-- by bucket
CREATE TABLE feed_failures (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  reader text NOT NULL,
  lane smallint NOT NULL,
  workspace_id bigint NOT NULL,
  type text NOT NULL,
  at_ms bigint NOT NULL,
  payload jsonb NOT NULL,
  error text NOT NULL,
  attempts smallint NOT NULL,
  again_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id, reader)
);
CREATE INDEX feed_failures_again ON feed_failures USING btree (lane, again_ms);

-- by bucket
CREATE TABLE feed_log (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  type text NOT NULL,
  at_ms bigint NOT NULL,
  payload jsonb NOT NULL,
  error text,
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE INDEX feed_log_of_workspace ON ONLY feed_log USING btree (workspace_id, id);

-- by bucket
CREATE TABLE flight_steps (
  bucket smallint NOT NULL,
  flight_id bigint NOT NULL,
  n integer NOT NULL,
  begun smallint[] NOT NULL,
  notes text,
  PRIMARY KEY (bucket, flight_id, n)
);

-- by bucket
CREATE TABLE flights (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  lane smallint NOT NULL,
  epoch bigint NOT NULL,
  kind smallint NOT NULL,
  owner_ids bigint[] NOT NULL,
  cause_ids bigint[] NOT NULL,
  seqs smallint[] NOT NULL,
  at_ms bigint NOT NULL,
  whole boolean NOT NULL DEFAULT true,
  PRIMARY KEY (bucket, id)
);

-- by bucket
CREATE TABLE group_chats (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  description text,
  photo_url text,
  cover_url text,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  position bigint NOT NULL DEFAULT 0,
  closed_ms bigint,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id),
  CHECK ((kind = ANY (ARRAY['group'::text, 'announcements'::text]))),
  CHECK (((length(name) >= 1) AND (length(name) <= 200)))
) WITH (fillfactor=60);
CREATE UNIQUE INDEX group_chats_announcements ON group_chats USING btree (bucket, workspace_id) WHERE (kind = 'announcements'::text);
CREATE INDEX group_chats_of_workspace ON group_chats USING btree (workspace_id, id);

-- by bucket
CREATE TABLE group_members (
  bucket smallint NOT NULL,
  group_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  role text NOT NULL DEFAULT 'member'::text,
  notify text NOT NULL DEFAULT 'all'::text,
  muted_until_ms bigint,
  read_position bigint NOT NULL DEFAULT 0,
  joined_ms bigint NOT NULL,
  PRIMARY KEY (bucket, group_id, contact_id),
  CHECK ((notify = ANY (ARRAY['all'::text, 'mentions'::text, 'none'::text]))),
  CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text])))
);
CREATE INDEX group_members_of_contact ON group_members USING btree (bucket, contact_id);
CREATE INDEX group_members_of_group ON group_members USING btree (group_id, contact_id);

-- by bucket
CREATE TABLE group_posts (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  group_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  position bigint,
  author_id bigint,
  author jsonb NOT NULL DEFAULT '{}'::jsonb,
  content jsonb NOT NULL,
  mentions bigint[] NOT NULL DEFAULT '{}'::bigint[],
  mentions_all boolean NOT NULL DEFAULT false,
  at_ms bigint NOT NULL,
  deleted_ms bigint,
  PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX group_posts_in_order ON group_posts USING btree (bucket, group_id, "position");
CREATE INDEX group_posts_mentioning ON group_posts USING btree (workspace_id) WHERE (mentions <> '{}'::bigint[]);
CREATE INDEX group_posts_of_author ON group_posts USING btree (author_id) WHERE (author_id IS NOT NULL);

-- on every node
CREATE TABLE id_places (
  place smallint NOT NULL,
  holder text,
  free_ms bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (place),
  CHECK (((place >= 0) AND (place <= 63)))
);

-- by hash
CREATE TABLE idempotency (
  hash integer NOT NULL,
  scope text NOT NULL,
  key text NOT NULL,
  request_hash text NOT NULL,
  status smallint NOT NULL,
  body text NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (hash, scope, key),
  CHECK ((length(key) <= 255))
);
CREATE INDEX idempotency_age ON idempotency USING btree (created_ms);

-- by hash
CREATE TABLE identities (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, kind, value),
  CHECK ((kind = ANY (ARRAY['external'::text, 'phone'::text, 'email'::text, 'token'::text, 'whatsapp'::text, 'webhook'::text, 'anonymous'::text, 'group'::text, 'connect'::text])))
);
CREATE INDEX identities_by_value ON identities USING btree (workspace_id, value text_pattern_ops) WHERE (kind <> 'token'::text);
CREATE INDEX identities_of_workspace ON identities USING btree (workspace_id, contact_id);

-- by bucket
CREATE TABLE import_erased (
  bucket smallint NOT NULL,
  import_id bigint NOT NULL,
  proof text NOT NULL,
  PRIMARY KEY (bucket, import_id, proof)
);

-- by bucket
CREATE TABLE import_faults (
  bucket smallint NOT NULL,
  import_id bigint NOT NULL,
  line integer NOT NULL,
  field text NOT NULL,
  rule text NOT NULL,
  PRIMARY KEY (bucket, import_id, line)
);

-- by bucket
CREATE TABLE import_made (
  bucket smallint NOT NULL,
  import_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  made boolean NOT NULL,
  set_ids bigint[] NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, import_id, contact_id)
);
CREATE INDEX import_made_in_order ON import_made USING btree (import_id, bucket, contact_id);
CREATE INDEX import_made_of_contact ON import_made USING btree (bucket, contact_id);

-- by bucket
CREATE TABLE import_parts (
  bucket smallint NOT NULL,
  import_id bigint NOT NULL,
  n integer NOT NULL,
  rows text NOT NULL,
  PRIMARY KEY (bucket, import_id, n)
);

-- on every node
CREATE TABLE imports (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  state text NOT NULL,
  header text NOT NULL DEFAULT '[]'::text,
  options text NOT NULL DEFAULT '{}'::text,
  parts integer NOT NULL DEFAULT 0,
  rows integer NOT NULL DEFAULT 0,
  done_parts integer NOT NULL DEFAULT 0,
  done_rows integer NOT NULL DEFAULT 0,
  created integer NOT NULL DEFAULT 0,
  updated integer NOT NULL DEFAULT 0,
  rejected integer NOT NULL DEFAULT 0,
  stopped text,
  note text,
  created_ms bigint NOT NULL,
  ended_ms bigint,
  undo text,
  PRIMARY KEY (id),
  CHECK ((state = ANY (ARRAY['uploading'::text, 'ready'::text, 'running'::text, 'done'::text, 'failed'::text])))
);
CREATE INDEX imports_of_workspace ON imports USING btree (workspace_id, id);

-- by hash
CREATE TABLE inbound_seen (
  hash integer NOT NULL,
  integration_id bigint NOT NULL,
  external_id text NOT NULL,
  message_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (hash, integration_id, external_id)
);
CREATE INDEX inbound_seen_age ON inbound_seen USING btree (at_ms);

-- by bucket
CREATE TABLE inbox (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  closed boolean NOT NULL DEFAULT false,
  snoozed_until_ms bigint,
  assignee_id bigint,
  channel text,
  destination_id bigint,
  last_message_id bigint NOT NULL,
  last_ms bigint NOT NULL,
  last_in_ms bigint NOT NULL DEFAULT 0,
  last_out_ms bigint NOT NULL DEFAULT 0,
  waiting_ms bigint,
  read_ms bigint NOT NULL DEFAULT 0,
  rank bigint GENERATED ALWAYS AS (COALESCE(waiting_ms, ('9000000000000000'::bigint - last_ms))) STORED,
  answered_by bigint,
  answered_ms bigint NOT NULL DEFAULT 0,
  priority smallint NOT NULL DEFAULT 4,
  team_id bigint,
  PRIMARY KEY (bucket, contact_id),
  CHECK (((priority >= 0) AND (priority <= 4)))
) WITH (fillfactor=80);
CREATE INDEX inbox_assigned ON inbox USING btree (workspace_id, assignee_id, rank, contact_id) WHERE ((NOT closed) AND (assignee_id IS NOT NULL));
CREATE INDEX inbox_closed ON inbox USING btree (workspace_id, last_ms, contact_id) WHERE closed;
CREATE INDEX inbox_newest ON inbox USING btree (workspace_id, last_ms, contact_id) WHERE (NOT closed);
CREATE INDEX inbox_of_team ON inbox USING btree (workspace_id, team_id, rank, contact_id) WHERE ((NOT closed) AND (team_id IS NOT NULL));
CREATE INDEX inbox_pressing ON inbox USING btree (workspace_id, (((priority * '1000000000000000'::bigint) + COALESCE(waiting_ms, ('500000000000000'::bigint - last_ms)))), contact_id) WHERE (NOT closed);
CREATE INDEX inbox_snoozed ON inbox USING btree (workspace_id, snoozed_until_ms, contact_id) WHERE ((snoozed_until_ms IS NOT NULL) AND (NOT closed));
CREATE INDEX inbox_unassigned ON inbox USING btree (workspace_id, rank, contact_id) WHERE ((NOT closed) AND (assignee_id IS NULL));
CREATE INDEX inbox_waiting ON inbox USING btree (workspace_id, rank, contact_id) WHERE (NOT closed);

-- by bucket
CREATE TABLE inbox_notes (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  operator_id bigint NOT NULL,
  text text NOT NULL,
  at_ms bigint NOT NULL,
  mentions bigint[] NOT NULL DEFAULT '{}'::bigint[],
  PRIMARY KEY (bucket, id)
);
CREATE INDEX inbox_notes_of_contact ON inbox_notes USING btree (bucket, contact_id, at_ms, id);

-- on every node
CREATE TABLE inbox_operators (
  workspace_id bigint NOT NULL,
  operator_id bigint NOT NULL,
  away boolean NOT NULL DEFAULT false,
  changed_ms bigint,
  seen_ms bigint,
  PRIMARY KEY (workspace_id, operator_id)
);

-- by bucket
CREATE TABLE inbox_seats (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  operator_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  read_ms bigint NOT NULL DEFAULT 0,
  draft text,
  draft_destination_id bigint,
  mentioned_ms bigint,
  PRIMARY KEY (bucket, contact_id, operator_id)
);
CREATE INDEX inbox_seats_mentioned ON inbox_seats USING btree (workspace_id, operator_id, mentioned_ms) WHERE (mentioned_ms IS NOT NULL);

-- on every node
CREATE TABLE inbox_team_members (
  team_id bigint NOT NULL,
  operator_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  PRIMARY KEY (team_id, operator_id)
);
CREATE INDEX inbox_team_members_of_operator ON inbox_team_members USING btree (workspace_id, operator_id);

-- on every node
CREATE TABLE inbox_teams (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX inbox_teams_of_workspace ON inbox_teams USING btree (workspace_id, lower(name));

-- on every node
CREATE TABLE inbox_views (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  operator_id bigint,
  name text NOT NULL,
  look jsonb NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX inbox_views_of_workspace ON inbox_views USING btree (workspace_id, COALESCE(operator_id, (0)::bigint), lower(name));

-- on every node
CREATE TABLE install (
  name text NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (name)
);

-- on every node
CREATE TABLE integration_calls (
  integration_id bigint NOT NULL,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (integration_id)
);

-- on every node
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

-- on every node
CREATE TABLE integration_minutes (
  integration_id bigint NOT NULL,
  minute bigint NOT NULL,
  accepted bigint NOT NULL,
  refused bigint NOT NULL,
  deferred bigint NOT NULL,
  PRIMARY KEY (integration_id, minute)
);

-- on every node
CREATE TABLE integrations (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  provider text NOT NULL,
  channel text NOT NULL,
  name text NOT NULL DEFAULT ''::text,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  secrets_sealed bytea,
  status text NOT NULL DEFAULT 'active'::text,
  rate_per_s real,
  callback_key text,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  deleted_ms bigint,
  callback_key_sealed bytea,
  revision integer NOT NULL DEFAULT 1,
  PRIMARY KEY (id),
  CHECK ((rate_per_s > (0)::double precision)),
  CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'error'::text])))
);
CREATE INDEX integrations_by_bounce_address ON integrations USING btree (lower((settings ->> 'bounceAddress'::text))) WHERE (deleted_ms IS NULL);
CREATE INDEX integrations_by_incoming_address ON integrations USING btree (lower((settings ->> 'incomingAddress'::text))) WHERE (deleted_ms IS NULL);
CREATE INDEX integrations_of_workspace ON integrations USING btree (workspace_id);

-- on every node
CREATE TABLE invitations (
  operator_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  role text NOT NULL,
  invited_ms bigint NOT NULL,
  invited_by bigint,
  PRIMARY KEY (operator_id, workspace_id),
  CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'marketer'::text, 'agent'::text, 'viewer'::text])))
);
CREATE INDEX invitations_of_workspace ON invitations USING btree (workspace_id);

-- on every node
CREATE TABLE key_uses (
  door text NOT NULL,
  key_id text NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (door, key_id)
) WITH (fillfactor=80);

-- by bucket
CREATE TABLE lanes (
  bucket smallint NOT NULL,
  lane smallint NOT NULL,
  buckets smallint[] NOT NULL,
  epoch bigint NOT NULL DEFAULT 0,
  owner text,
  leased_until_ms bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, lane),
  CHECK (((owner IS NOT NULL) OR (leased_until_ms = 0)))
);

-- by bucket
CREATE TABLE link_clicks (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  cause_id bigint NOT NULL,
  position smallint NOT NULL,
  workspace_id bigint NOT NULL,
  n integer NOT NULL,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, cause_id, "position"),
  CHECK ((n > 0))
);
CREATE INDEX link_clicks_age ON link_clicks USING btree (first_ms);

-- by bucket
CREATE TABLE link_hours (
  bucket smallint NOT NULL,
  cause_id bigint NOT NULL,
  position smallint NOT NULL,
  hour_ms bigint NOT NULL,
  workspace_id bigint NOT NULL,
  people integer NOT NULL,
  clicks integer NOT NULL,
  PRIMARY KEY (bucket, cause_id, "position", hour_ms)
);
CREATE INDEX link_hours_age ON link_hours USING btree (hour_ms);
CREATE INDEX link_hours_of_cause ON link_hours USING btree (cause_id);

-- by bucket
CREATE TABLE link_requests (
  bucket smallint NOT NULL,
  code_hash text NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  integration_id bigint,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (bucket, code_hash)
);
CREATE INDEX link_requests_age ON link_requests USING btree (expires_ms);
CREATE INDEX link_requests_of_contact ON link_requests USING btree (contact_id);

-- by bucket
CREATE TABLE links (
  bucket smallint NOT NULL,
  cause_id bigint NOT NULL,
  position smallint NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint,
  kind text NOT NULL,
  long_uri text NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (bucket, cause_id, "position"),
  CHECK ((kind = ANY (ARRAY['click'::text, 'transfer'::text]))),
  CHECK (((length(long_uri) <= 2048) AND (long_uri ~* '^https?://'::text))),
  CHECK ((("position" >= 0) AND ("position" <= 63)))
);
CREATE INDEX links_age ON links USING btree (expires_ms);
CREATE INDEX links_of_contact ON links USING btree (contact_id) WHERE (contact_id IS NOT NULL);

-- by bucket
CREATE TABLE live_heads (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  seq bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, contact_id)
) WITH (fillfactor=80);

-- by bucket
CREATE TABLE live_log (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  seq bigint NOT NULL,
  kind smallint NOT NULL,
  message_id bigint,
  detail smallint,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, seq),
  CHECK (((kind >= 1) AND (kind <= 5)))
);

-- on every node
CREATE TABLE memberships (
  operator_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  role text NOT NULL,
  PRIMARY KEY (operator_id, workspace_id),
  CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'marketer'::text, 'agent'::text, 'viewer'::text])))
);
CREATE INDEX memberships_of_workspace ON memberships USING btree (workspace_id);

-- by bucket
CREATE TABLE merged_contacts (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  into_id bigint NOT NULL,
  merged_ms bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, contact_id)
);
CREATE INDEX merged_contacts_into ON merged_contacts USING btree (into_id);

-- by bucket
CREATE TABLE message_words (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  words tsvector NOT NULL,
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE INDEX message_words_found ON ONLY message_words USING gin (words);
CREATE INDEX message_words_newest ON ONLY message_words USING btree (workspace_id, id);

-- by bucket
CREATE TABLE messages (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  direction text NOT NULL,
  kind text NOT NULL,
  class text,
  content jsonb NOT NULL,
  author jsonb NOT NULL DEFAULT '{}'::jsonb,
  source jsonb NOT NULL,
  metadata jsonb,
  external_id text,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id),
  CHECK (((direction = 'out'::text) = (class IS NOT NULL))),
  CHECK ((class = ANY (ARRAY['transactional'::text, 'marketing'::text, 'authentication'::text]))),
  CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text]))),
  CHECK ((kind = ANY (ARRAY['message'::text, 'notification'::text, 'confirmation'::text])))
) PARTITION BY RANGE (id);
CREATE INDEX messages_of_conversation ON ONLY messages USING btree (bucket, conversation_id, at_ms, id);

-- on every node
CREATE TABLE migrations (
  version integer NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  ran_ms bigint NOT NULL,
  min_code integer,
  PRIMARY KEY (version)
);

-- on every node
CREATE TABLE offered_actions (
  workspace_id bigint NOT NULL,
  key text NOT NULL,
  client_workspace_id bigint NOT NULL,
  version integer NOT NULL,
  offered_ms bigint NOT NULL,
  PRIMARY KEY (workspace_id, key)
);

-- on every node
CREATE TABLE operator_identities (
  issuer text NOT NULL,
  subject text NOT NULL,
  operator_id bigint NOT NULL,
  bound_ms bigint NOT NULL,
  UNIQUE (operator_id, issuer),
  PRIMARY KEY (issuer, subject)
);

-- on every node
CREATE TABLE operator_sessions (
  token_hash text NOT NULL,
  operator_id bigint NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  ended_by text,
  kept_until_ms bigint,
  PRIMARY KEY (token_hash)
);
CREATE INDEX operator_sessions_of_operator ON operator_sessions USING btree (operator_id);

-- on every node
CREATE TABLE operators (
  id bigint NOT NULL,
  email text NOT NULL,
  name text NOT NULL,
  password_hash text NOT NULL,
  created_ms bigint NOT NULL,
  disabled_ms bigint,
  verified_ms bigint,
  time_zone text,
  locale text,
  notices jsonb NOT NULL DEFAULT '{}'::jsonb,
  UNIQUE (email),
  PRIMARY KEY (id)
);

-- by hash
CREATE TABLE order_references (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  client_id bigint NOT NULL,
  reference text NOT NULL,
  order_id bigint NOT NULL,
  earlier bigint[] NOT NULL DEFAULT '{}'::bigint[],
  PRIMARY KEY (hash, workspace_id, client_id, reference)
);

-- on every node
CREATE TABLE order_settings (
  workspace_id bigint NOT NULL,
  accepts boolean NOT NULL,
  currency text NOT NULL,
  PRIMARY KEY (workspace_id),
  CHECK ((length(currency) = 3))
);

-- by bucket
CREATE TABLE orders (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  client_id bigint NOT NULL,
  reference text,
  description text,
  currency text NOT NULL,
  total_cents bigint,
  line_items jsonb NOT NULL,
  metadata jsonb,
  profile_name text,
  profile_email text,
  profile_phone text,
  shipping_address text,
  shipping_link text,
  shipping_state text,
  shipping_source text,
  invoiced_us bigint,
  invoiced_source text,
  paid_us bigint,
  paid_source text,
  shipped_us bigint,
  shipped_source text,
  refunded_us bigint,
  refunded_source text,
  notified_us bigint,
  is_quiet boolean NOT NULL,
  created_us bigint NOT NULL,
  updated_us bigint NOT NULL,
  PRIMARY KEY (bucket, id),
  CHECK ((((invoiced_us IS NULL) = (invoiced_source IS NULL)) AND ((paid_us IS NULL) = (paid_source IS NULL)) AND ((shipped_us IS NULL) = (shipped_source IS NULL)) AND ((refunded_us IS NULL) = (refunded_source IS NULL)))),
  CHECK ((length(currency) = 3)),
  CHECK (((length(reference) >= 1) AND (length(reference) <= 255)))
);
CREATE INDEX orders_newest ON orders USING btree (workspace_id, id);
CREATE INDEX orders_of_contact ON orders USING btree (bucket, contact_id, id);

-- by bucket
CREATE TABLE participants (
  bucket smallint NOT NULL,
  conversation_id bigint NOT NULL,
  user_id text NOT NULL,
  name text NOT NULL,
  role text NOT NULL,
  unread_count integer NOT NULL DEFAULT 0,
  inbox boolean NOT NULL DEFAULT false,
  accepted boolean NOT NULL DEFAULT false,
  active boolean NOT NULL DEFAULT false,
  created_ms bigint NOT NULL,
  updated_ms bigint NOT NULL,
  PRIMARY KEY (bucket, conversation_id, user_id)
);

-- on every node
CREATE TABLE password_links (
  token_hash text NOT NULL,
  operator_id bigint,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  invited_by bigint,
  PRIMARY KEY (token_hash)
);

-- by bucket
CREATE TABLE pending_links (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  destination_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  confirmation text NOT NULL,
  told jsonb NOT NULL,
  asked_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, destination_id),
  CHECK ((confirmation = ANY (ARRAY['activity'::text, 'prompt'::text])))
);

-- on every node
CREATE TABLE people_jobs (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  kind text NOT NULL,
  asked_by text NOT NULL,
  who text NOT NULL,
  what text NOT NULL,
  digest text NOT NULL,
  state text NOT NULL,
  done integer NOT NULL DEFAULT 0,
  after_id bigint NOT NULL DEFAULT 0,
  people integer NOT NULL DEFAULT 0,
  changed integer NOT NULL DEFAULT 0,
  note text,
  link text,
  link_until_ms bigint,
  file_until_ms bigint,
  created_ms bigint NOT NULL,
  ended_ms bigint,
  PRIMARY KEY (id),
  CHECK (((done >= 0) AND (done <= 4096))),
  CHECK ((kind = ANY (ARRAY['bulk'::text, 'export'::text]))),
  CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text, 'stopped'::text])))
);
CREATE UNIQUE INDEX people_jobs_by_link ON people_jobs USING btree (link) WHERE (link IS NOT NULL);
CREATE INDEX people_jobs_of_workspace ON people_jobs USING btree (workspace_id, id);
CREATE UNIQUE INDEX people_jobs_once ON people_jobs USING btree (workspace_id, asked_by, digest) WHERE (state = 'running'::text);

-- by bucket
CREATE TABLE people_rows (
  bucket smallint NOT NULL,
  job_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (bucket, job_id, contact_id)
);

-- on every node
CREATE TABLE placements (
  tab text NOT NULL,
  col text,
  PRIMARY KEY (tab)
);

-- by bucket
CREATE TABLE posts (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  type text NOT NULL,
  role text NOT NULL,
  user_id text NOT NULL,
  spoken boolean NOT NULL,
  wire jsonb NOT NULL,
  at_ms bigint NOT NULL,
  held jsonb,
  due_ms bigint,
  typing_ms bigint,
  PRIMARY KEY (bucket, id),
  CHECK ((role = ANY (ARRAY['contact'::text, 'agent'::text, 'bot'::text])))
);
CREATE INDEX posts_held ON posts USING btree (bucket, conversation_id, due_ms) WHERE (due_ms IS NOT NULL);
CREATE INDEX posts_of_conversation ON posts USING btree (bucket, conversation_id, at_ms);

-- on every node
CREATE TABLE proof_keys (
  id smallint NOT NULL,
  key_sealed bytea NOT NULL,
  PRIMARY KEY (id),
  CHECK ((id = 1))
);

-- on every node
CREATE TABLE provider_sign_ins (
  state_hash text NOT NULL,
  browser_hash text NOT NULL,
  return_to text NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (state_hash)
);
CREATE INDEX provider_sign_ins_over ON provider_sign_ins USING btree (expires_ms);

-- by bucket
CREATE TABLE removed_messages (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX removed_messages_of_workspace ON removed_messages USING btree (workspace_id, id);

-- by workspace_id
CREATE TABLE request_log (
  workspace_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  request_id text NOT NULL,
  door text NOT NULL,
  key_id text NOT NULL,
  method text NOT NULL,
  route text NOT NULL,
  status smallint NOT NULL,
  duration_ms integer NOT NULL,
  fault jsonb,
  PRIMARY KEY (workspace_id, at_ms, request_id)
);

-- by bucket
CREATE TABLE run_answers (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  cause_id bigint NOT NULL,
  kind smallint NOT NULL,
  workspace_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, cause_id, kind),
  CHECK ((kind = ANY (ARRAY[1, 2])))
);
CREATE INDEX run_answers_of_run ON run_answers USING btree (cause_id, kind, bucket, contact_id);

-- by bucket
CREATE TABLE run_hours (
  bucket smallint NOT NULL,
  cause_id bigint NOT NULL,
  hour_ms bigint NOT NULL,
  sent bigint NOT NULL DEFAULT 0,
  delivered bigint NOT NULL DEFAULT 0,
  read bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  replied bigint NOT NULL DEFAULT 0,
  opted_out bigint NOT NULL DEFAULT 0,
  segments bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, cause_id, hour_ms)
) WITH (fillfactor=70);

-- on every node
CREATE TABLE saved_replies (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  shortcut text NOT NULL,
  text text NOT NULL,
  created_ms bigint NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX saved_replies_of_workspace ON saved_replies USING btree (workspace_id, lower(shortcut));

-- on every node
CREATE TABLE second_factors (
  operator_id bigint NOT NULL,
  secret_sealed bytea NOT NULL,
  created_ms bigint NOT NULL,
  confirmed_ms bigint,
  last_step bigint NOT NULL DEFAULT 0,
  recovery text[] NOT NULL DEFAULT '{}'::text[],
  PRIMARY KEY (operator_id)
);

-- by bucket
CREATE TABLE segment_comings (
  bucket smallint NOT NULL,
  segment_id bigint NOT NULL,
  hour_ms bigint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (bucket, segment_id, hour_ms)
);

-- by bucket
CREATE TABLE segment_members (
  bucket smallint NOT NULL,
  segment_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  since_ms bigint NOT NULL,
  value text,
  PRIMARY KEY (bucket, segment_id, contact_id)
);
CREATE INDEX segment_members_of_contact ON segment_members USING btree (bucket, contact_id);

-- on every node
CREATE TABLE segments (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  key text,
  name text NOT NULL,
  campaign_id bigint,
  kind text NOT NULL,
  rule jsonb NOT NULL,
  state text NOT NULL,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  PRIMARY KEY (id),
  CHECK (((key IS NULL) = (campaign_id IS NOT NULL))),
  CHECK (((length(key) >= 1) AND (length(key) <= 64))),
  CHECK ((kind = ANY (ARRAY['rule'::text, 'value'::text, 'date'::text]))),
  CHECK ((state = ANY (ARRAY['building'::text, 'live'::text])))
);
CREATE UNIQUE INDEX segments_by_key ON segments USING btree (workspace_id, key);
CREATE INDEX segments_of_campaign ON segments USING btree (campaign_id) WHERE (campaign_id IS NOT NULL);

-- by bucket
CREATE TABLE set_members (
  bucket smallint NOT NULL,
  set_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (bucket, set_id, contact_id)
);
CREATE INDEX set_members_of_contact ON set_members USING btree (bucket, contact_id);
CREATE INDEX set_members_of_set ON set_members USING btree (set_id, contact_id);

-- on every node
CREATE TABLE sets (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  created_ms bigint NOT NULL,
  UNIQUE (workspace_id, kind, name),
  PRIMARY KEY (id),
  CHECK ((kind = ANY (ARRAY['list'::text, 'tag'::text, 'label'::text, 'bot'::text]))),
  CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

-- on every node
CREATE TABLE shared_actions (
  client_workspace_id bigint NOT NULL,
  key text NOT NULL,
  version integer NOT NULL,
  file jsonb NOT NULL,
  may_change text[] NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (client_workspace_id, key, version),
  CHECK (((length(key) >= 1) AND (length(key) <= 64)))
);

-- on every node
CREATE TABLE sign_in_failures (
  email_hash text NOT NULL,
  count integer NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (email_hash)
);

-- on every node
CREATE TABLE sign_in_links (
  token_hash text NOT NULL,
  operator_id bigint NOT NULL,
  expires_ms bigint NOT NULL,
  asks_factor boolean NOT NULL DEFAULT false,
  PRIMARY KEY (token_hash)
);

-- on every node
CREATE TABLE sign_ups (
  browser_hash text NOT NULL,
  email text NOT NULL,
  name text NOT NULL,
  password_hash text,
  operator_id bigint,
  code_hash text NOT NULL,
  tries smallint NOT NULL DEFAULT 0,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (browser_hash),
  CHECK (((password_hash IS NULL) = (operator_id IS NOT NULL)))
);

-- by bucket
CREATE TABLE simulated_hands (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  address text NOT NULL,
  held_ms bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, address)
);

-- by bucket
CREATE TABLE simulated_marks (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  message_id bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, channel, address)
);

-- by bucket
CREATE TABLE simulated_messages (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  direction text NOT NULL,
  ref text,
  rendered jsonb NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id),
  CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text])))
) PARTITION BY RANGE (id);
CREATE INDEX simulated_messages_of_device ON ONLY simulated_messages USING btree (workspace_id, channel, address, id);

-- by bucket
CREATE TABLE simulated_receipts (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  plan text NOT NULL,
  PRIMARY KEY (bucket, id)
) WITH (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);

-- on every node
CREATE TABLE simulator_rules (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  channel text,
  address_pattern text NOT NULL,
  outcome jsonb NOT NULL,
  times_left integer,
  created_ms bigint NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX simulator_rules_of_workspace ON simulator_rules USING btree (workspace_id, id);

-- on every node
CREATE TABLE streams (
  stream bigint NOT NULL,
  kind smallint NOT NULL,
  workspace_id bigint NOT NULL,
  flowing boolean NOT NULL DEFAULT true,
  rate_per_s real,
  PRIMARY KEY (stream),
  CHECK ((rate_per_s > (0)::double precision))
);

-- by hash
CREATE TABLE suppressions (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  proof text NOT NULL,
  cause text NOT NULL,
  scope bigint NOT NULL DEFAULT 0,
  address text,
  classes smallint NOT NULL,
  elsewhere smallint NOT NULL DEFAULT 0,
  rank smallint NOT NULL,
  reason text NOT NULL,
  since_ms bigint NOT NULL,
  said_ms bigint,
  PRIMARY KEY (hash, workspace_id, channel, proof, cause, scope),
  CHECK ((cause = ANY (ARRAY['dead'::text, 'complained'::text, 'opted_out_all'::text, 'opted_out_channel'::text, 'opted_out_sender'::text, 'banned'::text, 'imported'::text]))),
  CHECK (((classes > 0) OR (elsewhere > 0))),
  CHECK (((scope > 0) OR (elsewhere = 0))),
  CHECK (((classes >= 0) AND (classes <= 7))),
  CHECK (((elsewhere >= 0) AND (elsewhere <= 7))),
  CHECK (((rank >= 1) AND (rank <= 5)))
);

-- by hash
CREATE TABLE suppressions_before_causes (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  blocked_classes smallint NOT NULL,
  reason text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, channel, address),
  CHECK (((blocked_classes >= 1) AND (blocked_classes <= 7)))
);

-- by bucket
CREATE TABLE tallies (
  bucket smallint NOT NULL,
  cause_id bigint NOT NULL,
  state smallint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (bucket, cause_id, state)
);

-- on every node
CREATE TABLE template_versions (
  template_id bigint NOT NULL,
  version integer NOT NULL,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  content jsonb NOT NULL,
  source jsonb,
  locales jsonb NOT NULL,
  actor text NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (template_id, version)
);

-- on every node
CREATE TABLE templates (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  content jsonb NOT NULL,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  version integer NOT NULL DEFAULT 1,
  source jsonb,
  locales jsonb NOT NULL DEFAULT '{}'::jsonb,
  UNIQUE (workspace_id, name),
  PRIMARY KEY (id),
  CHECK (((length(name) >= 1) AND (length(name) <= 512)))
);

-- by bucket
CREATE TABLE threads (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint,
  type text NOT NULL,
  status text NOT NULL,
  name text NOT NULL,
  slug text NOT NULL,
  touchpoint text,
  channels text[] NOT NULL DEFAULT '{}'::text[],
  tags text[] NOT NULL DEFAULT '{}'::text[],
  meta jsonb NOT NULL DEFAULT '{}'::jsonb,
  category text,
  created_by text NOT NULL,
  created_ms bigint NOT NULL,
  updated_ms bigint NOT NULL,
  language text,
  PRIMARY KEY (bucket, id),
  CHECK (((type = 'contact'::text) = (contact_id IS NOT NULL))),
  CHECK ((status = ANY (ARRAY['queued'::text, 'active'::text, 'closed'::text]))),
  CHECK ((type = ANY (ARRAY['contact'::text, 'bot'::text, 'agent'::text, 'system'::text])))
);
CREATE INDEX threads_of_workspace ON threads USING btree (workspace_id, updated_ms);

-- by bucket
CREATE TABLE timers (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  lane smallint NOT NULL,
  workspace_id bigint NOT NULL,
  due_ms bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, owner_id)
) WITH (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=5000, autovacuum_vacuum_cost_delay=1);
CREATE INDEX timers_next ON timers USING btree (lane, due_ms, at_ms);
CREATE INDEX timers_of ON timers USING btree (workspace_id, lane, due_ms, at_ms);

-- by hash
CREATE TABLE told_once (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  key bigint NOT NULL,
  seen_ms bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, key)
);
CREATE INDEX told_once_age ON told_once USING brin (seen_ms);

-- by bucket
CREATE TABLE usage_messages (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  month integer NOT NULL,
  channel text NOT NULL,
  n bigint NOT NULL,
  extra_segments bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, workspace_id, month, channel),
  CHECK ((((month % 100) >= 1) AND ((month % 100) <= 12)))
);

-- by bucket
CREATE TABLE usage_people (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  month integer NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, month, contact_id),
  CHECK ((((month % 100) >= 1) AND ((month % 100) <= 12)))
);

-- by bucket
CREATE TABLE webhook_calls (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  webhook_id bigint NOT NULL,
  trigger text NOT NULL,
  body text NOT NULL,
  state text NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  last_status smallint,
  last_answer text,
  created_ms bigint NOT NULL,
  finished_ms bigint,
  replay_of bigint,
  replayed_by bigint,
  contact_id bigint,
  tried jsonb,
  tried_ms bigint,
  PRIMARY KEY (bucket, id),
  CHECK (((state = 'pending'::text) = (finished_ms IS NULL))),
  CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text, 'canceled'::text])))
) PARTITION BY RANGE (id);
CREATE INDEX webhook_calls_missed ON ONLY webhook_calls USING btree (webhook_id, id) WHERE (state = ANY (ARRAY['failed'::text, 'canceled'::text]));
CREATE INDEX webhook_calls_of_webhook ON ONLY webhook_calls USING btree (webhook_id, id);

-- on every node
CREATE TABLE webhooks (
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  door text NOT NULL,
  target text NOT NULL,
  triggers text[] NOT NULL,
  secret_sealed bytea NOT NULL,
  include_full_contact boolean NOT NULL DEFAULT false,
  include_destination boolean NOT NULL DEFAULT false,
  options jsonb NOT NULL DEFAULT '{}'::jsonb,
  status text NOT NULL DEFAULT 'active'::text,
  failing_since_ms bigint,
  created_ms bigint NOT NULL,
  PRIMARY KEY (id),
  CHECK ((door = ANY (ARRAY['sunshine'::text, 'web1on1'::text, 'outbound'::text, 'shout'::text, 'console'::text]))),
  CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
);
CREATE INDEX webhooks_of_workspace ON webhooks USING btree (workspace_id);

-- on every node
CREATE TABLE workers (
  name text NOT NULL,
  seen_ms bigint NOT NULL,
  PRIMARY KEY (name)
);

-- on every node
CREATE TABLE workspace_holdouts (
  workspace_id bigint NOT NULL,
  points integer NOT NULL,
  salt text NOT NULL,
  changed_ms bigint NOT NULL,
  PRIMARY KEY (workspace_id),
  CHECK (((points >= 0) AND (points <= 5000)))
);

-- on every node
CREATE TABLE workspace_keeping (
  workspace_id bigint NOT NULL,
  next_ms bigint NOT NULL,
  step text NOT NULL DEFAULT ''::text,
  part integer NOT NULL DEFAULT 0,
  gone bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id)
);

-- on every node
CREATE TABLE workspace_removals (
  workspace_id bigint NOT NULL,
  asked_ms bigint NOT NULL,
  asked_by text NOT NULL,
  name text NOT NULL,
  step text NOT NULL DEFAULT ''::text,
  part integer NOT NULL DEFAULT 0,
  gone bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id)
);

-- on every node
CREATE TABLE workspaces (
  id bigint NOT NULL,
  name text NOT NULL,
  environment text NOT NULL,
  country text NOT NULL DEFAULT 'US'::text,
  time_zone text NOT NULL DEFAULT 'UTC'::text,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  clock_ahead_ms bigint NOT NULL DEFAULT 0,
  created_ms bigint NOT NULL,
  deleted_ms bigint,
  cap_set_ms bigint NOT NULL DEFAULT 0,
  revision integer NOT NULL DEFAULT 1,
  changed_in jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (id),
  CHECK (((clock_ahead_ms >= 0) AND ((environment = 'test'::text) OR (clock_ahead_ms = 0)))),
  CHECK ((country ~ '^[A-Z]{2}$'::text)),
  CHECK ((environment = ANY (ARRAY['test'::text, 'live'::text]))),
  CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);
