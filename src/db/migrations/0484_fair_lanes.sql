-- min_code: 220
-- Where more waits in a lane than a turn takes, each workspace that waits has a share of it (`src/campaigns/fair.ts`): whose it is, and what of it comes
-- first, without the rows of who waits with a hundred thousand. The workspace first, so that no statement on a lane can take these for the lane's own.
CREATE INDEX event_arrivals_of ON event_arrivals (workspace_id, lane, id);
CREATE INDEX timers_of ON timers (workspace_id, lane, due_ms, at_ms);
