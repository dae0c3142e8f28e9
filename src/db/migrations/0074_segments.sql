-- Segments: contacts of whom a rule holds, kept as it comes to hold and ceases to. A row with a campaign is what its trigger looks at.
CREATE TABLE segments (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  -- By which rules name it; null where it is a trigger's.
  key text CHECK (length(key) BETWEEN 1 AND 64),
  name text NOT NULL,
  campaign_id bigint,
  -- 'rule': who is in it is known by a rule. 'value': the value at a path is remembered. 'date': nobody is in it; it has timers.
  kind text NOT NULL CHECK (kind IN ('rule', 'value', 'date')),
  rule jsonb NOT NULL,
  -- 'building': some lanes have not been gone through since the rule was written.
  state text NOT NULL CHECK (state IN ('building', 'live')),
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  CHECK ((key IS NULL) = (campaign_id IS NOT NULL))
);
SELECT place('segments');
CREATE UNIQUE INDEX segments_by_key ON segments (workspace_id, key);
CREATE INDEX segments_of_campaign ON segments (campaign_id) WHERE campaign_id IS NOT NULL;

-- Who is in a segment, and since when by the workspace's clock. Where values are watched, a digest of it.
CREATE TABLE segment_members (
  bucket smallint NOT NULL,
  segment_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  since_ms bigint NOT NULL,
  value text,
  PRIMARY KEY (bucket, segment_id, contact_id)
);
SELECT place('segment_members', 'bucket');
CREATE INDEX segment_members_of_contact ON segment_members (bucket, contact_id);

-- What is to be done with many may be due later; and going through a lane for a segment is a task like others.
ALTER TABLE campaign_tasks ADD COLUMN due_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE campaign_tasks DROP CONSTRAINT campaign_tasks_kind_check;
ALTER TABLE campaign_tasks ADD CONSTRAINT campaign_tasks_kind_check CHECK (kind IN ('move', 'resume', 'end', 'build', 'since'));
