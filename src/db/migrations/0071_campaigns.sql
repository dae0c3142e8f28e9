-- min_code: 70
-- Campaigns: what sets them off, who is in them, what was done and what came of it (docs/campaigns.md).

CREATE TABLE campaigns (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
  name text NOT NULL,
  state text NOT NULL CHECK (state IN ('draft', 'active', 'paused', 'ended')),
  -- What is written and not published yet.
  draft jsonb,
  -- The version by which who enters now goes.
  version_id bigint,
  -- Grows when what is compared changes (holdout, goals): counts of different epochs are never added.
  epoch integer NOT NULL DEFAULT 0,
  -- By which arms are drawn.
  salt text NOT NULL,
  -- What a pause stops: 'entering' or 'all', and since when by the workspace's clock.
  paused text CHECK (paused IN ('entering', 'all')),
  paused_ms bigint,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  started_ms bigint,
  CHECK ((state = 'paused') = (paused IS NOT NULL)),
  CHECK (state = 'draft' OR version_id IS NOT NULL)
);
SELECT place('campaigns');
CREATE UNIQUE INDEX campaigns_by_key ON campaigns (workspace_id, key);

-- Immutable but for `is_open`: whether anybody may still go by it.
CREATE TABLE campaign_versions (
  id bigint PRIMARY KEY,
  campaign_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  number integer NOT NULL,
  -- What was published, with templates as they were then.
  file jsonb NOT NULL,
  epoch integer NOT NULL,
  is_open boolean NOT NULL DEFAULT true,
  published_ms bigint NOT NULL
);
SELECT place('campaign_versions');
CREATE UNIQUE INDEX campaign_versions_by_number ON campaign_versions (campaign_id, number);

-- Grows with every change of what is live, so that no turn works with what it remembers of before.
CREATE TABLE campaign_stamp (
  id smallint PRIMARY KEY CHECK (id = 1),
  n bigint NOT NULL
);
SELECT place('campaign_stamp');
INSERT INTO campaign_stamp (id, n) VALUES (1, 0);

-- Who is in a campaign now. Changed in place: no index on what changes.
CREATE TABLE enrolments (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  version_id bigint NOT NULL,
  entry_key bigint NOT NULL,
  epoch integer NOT NULL,
  -- 0: treated, 1: holdout; null while it is not decided whether they enter.
  arm smallint CHECK (arm IN (0, 1)),
  entered_ms bigint NOT NULL,
  trigger jsonb,
  place jsonb NOT NULL,
  PRIMARY KEY (bucket, contact_id, id)
) WITH (fillfactor = 80);
SELECT place('enrolments', 'bucket');
CREATE INDEX enrolments_of_campaign ON enrolments (campaign_id, bucket, contact_id);

-- Who entered when, for as long as the campaign is there: what entry rules ask, and whom goals count.
CREATE TABLE campaign_entries (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  entry_key bigint NOT NULL,
  enrolment_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  version_id bigint NOT NULL,
  epoch integer NOT NULL,
  arm smallint NOT NULL CHECK (arm IN (0, 1)),
  entered_ms bigint NOT NULL,
  ended_ms bigint,
  ending text,
  trigger jsonb,
  -- By goal: how often, the sum of values, the first time.
  converted jsonb NOT NULL DEFAULT '{}',
  CHECK ((ended_ms IS NULL) = (ending IS NULL)),
  PRIMARY KEY (bucket, contact_id, campaign_id, entry_key)
) WITH (fillfactor = 80);
SELECT place('campaign_entries', 'bucket');
CREATE INDEX campaign_entries_of_campaign ON campaign_entries (campaign_id, entered_ms);

-- When something happens by itself. due_ms by our clock, at_ms by the workspace's. Every enrolment has one, always.
CREATE TABLE timers (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  lane smallint NOT NULL,
  workspace_id bigint NOT NULL,
  due_ms bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, owner_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 1);
SELECT place('timers', 'bucket');
CREATE INDEX timers_next ON timers (lane, due_ms, at_ms);

-- Messages that campaigns sent.
CREATE TABLE campaign_sends (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  message_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  enrolment_id bigint NOT NULL,
  epoch integer NOT NULL,
  step text NOT NULL,
  cancel_on_exit boolean NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, message_id)
);
SELECT place('campaign_sends', 'bucket');

-- Goals that were reached: one row for each event.
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
  -- The last message of this enrolment before it; null when none was sent.
  message_id bigint,
  PRIMARY KEY (bucket, contact_id, enrolment_id, goal, event_key)
);
SELECT place('conversions', 'bucket');

-- Every decision about somebody in a campaign, in order.
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
CREATE TABLE enrolment_log_rest PARTITION OF enrolment_log DEFAULT;
SELECT place('enrolment_log', 'bucket');

-- Why somebody did not enter, the last time.
CREATE TABLE campaign_refusals (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (bucket, contact_id, campaign_id)
) WITH (fillfactor = 80);
SELECT place('campaign_refusals', 'bucket');

-- Counts, a row per lane (bucket is the lane's first), so that lanes do not wait for each other. n, and of values their sum and the sum
-- of the squares of what an entry has.
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
  PRIMARY KEY (bucket, campaign_id, epoch, arm, step, metric)
) WITH (fillfactor = 60);
SELECT place('campaign_tallies', 'bucket');

-- What is to be done with all who are in a campaign, by the owner of each lane: bucket is the lane's first, after_id how far it is.
CREATE TABLE campaign_tasks (
  bucket smallint NOT NULL,
  lane smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('move', 'resume', 'end')),
  params jsonb NOT NULL,
  after_id bigint NOT NULL DEFAULT 0,
  created_ms bigint NOT NULL,
  PRIMARY KEY (bucket, lane, id)
);
SELECT place('campaign_tasks', 'bucket');

-- In which order events were taken, by which a back-test takes them again.
ALTER TABLE contact_events ADD COLUMN arrival_id bigint NOT NULL DEFAULT 0;
-- Arrivals of kind 3: somebody is to enter a campaign; properties say which.
