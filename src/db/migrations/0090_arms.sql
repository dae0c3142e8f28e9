-- Who is compared with whom. An arm is 0 (treated), 1 (held out by the campaign) or 2 (held out of all campaigns of the workspace);
-- who is treated has a variant where there are several.

-- What is compared from when on: shares in basis points, goals, variants. A new row for every change of these.
CREATE TABLE campaign_epochs (
  campaign_id bigint NOT NULL,
  epoch integer NOT NULL,
  workspace_id bigint NOT NULL,
  plan jsonb NOT NULL,
  began_ms bigint NOT NULL,
  PRIMARY KEY (campaign_id, epoch)
);
SELECT place('campaign_epochs');
INSERT INTO campaign_epochs (campaign_id, epoch, workspace_id, plan, began_ms)
SELECT DISTINCT ON (campaign_id, epoch) campaign_id, epoch, workspace_id, jsonb_build_object(
  'holdout', coalesce((trim(trailing '%' FROM file ->> 'holdout')::numeric * 100)::integer, 0), 'workspace', 0, 'variants', '[]'::jsonb,
  'goals', coalesce(file -> 'goals', '[]'::jsonb)), published_ms
FROM campaign_versions ORDER BY campaign_id, epoch, number;

-- Who is kept out of all campaigns of a workspace, in basis points, by a salt of their own.
CREATE TABLE workspace_holdouts (
  workspace_id bigint PRIMARY KEY,
  points integer NOT NULL CHECK (points BETWEEN 0 AND 5000),
  salt text NOT NULL,
  changed_ms bigint NOT NULL
);
SELECT place('workspace_holdouts');

ALTER TABLE enrolments DROP CONSTRAINT enrolments_arm_check;
ALTER TABLE enrolments ADD CONSTRAINT enrolments_arm_check CHECK (arm IN (0, 1, 2));
ALTER TABLE enrolments ADD COLUMN variant text;
ALTER TABLE campaign_entries DROP CONSTRAINT campaign_entries_arm_check;
ALTER TABLE campaign_entries ADD CONSTRAINT campaign_entries_arm_check CHECK (arm IN (0, 1, 2));
ALTER TABLE campaign_entries ADD COLUMN variant text;
-- When the first message was sent, or would have been: both arms must come to it alike.
ALTER TABLE campaign_entries ADD COLUMN reached_ms bigint;

-- `seen`: what was told of a message so far, a bit each, so that the first time is told from the others.
ALTER TABLE campaign_sends ADD COLUMN variant text, ADD COLUMN version_id bigint NOT NULL DEFAULT 0,
  ADD COLUMN seen smallint NOT NULL DEFAULT 0;

ALTER TABLE campaign_tallies ADD COLUMN variant text NOT NULL DEFAULT '', ADD COLUMN version_id bigint NOT NULL DEFAULT 0;
ALTER TABLE campaign_tallies DROP CONSTRAINT campaign_tallies_pkey;
ALTER TABLE campaign_tallies ADD PRIMARY KEY (bucket, campaign_id, epoch, arm, variant, version_id, step, metric);

CREATE INDEX conversions_of_campaign ON conversions (campaign_id, at_ms);
