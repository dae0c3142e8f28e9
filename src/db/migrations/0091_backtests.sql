-- min_code: 90
-- Back-tests: a campaign tried over what people did (campaigns/backtest). A job goes on where it was: `done` buckets, in the order in
-- which they are taken, and what was counted in them so far (`sums`: by what is counted, its sum over buckets and that of squares).
CREATE TABLE campaign_backtests (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  campaign_id bigint,
  file jsonb NOT NULL,
  salt text NOT NULL,
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  ordered_by text NOT NULL CHECK (ordered_by IN ('received', 'at')),
  wanted integer NOT NULL CHECK (wanted BETWEEN 1 AND 4096),
  done integer NOT NULL DEFAULT 0,
  sums jsonb NOT NULL DEFAULT '{}',
  note text,
  created_ms bigint NOT NULL,
  ended_ms bigint
);
SELECT place('campaign_backtests');
CREATE INDEX campaign_backtests_of ON campaign_backtests (workspace_id, id);
