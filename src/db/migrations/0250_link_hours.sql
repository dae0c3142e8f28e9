-- How often the links of a message or a broadcast were opened, by hour: the page of a broadcast's results asks again and again, and went
-- through everybody who had opened one. Kept by a reader of the feed; what belongs to a lane is in its first bucket, so that workers do
-- not meet, and who looks adds up. Code without the reader would read clicks and not count them, so none may start beside it.
CREATE TABLE link_hours (
  bucket smallint NOT NULL,
  cause_id bigint NOT NULL,
  position smallint NOT NULL,
  hour_ms bigint NOT NULL,
  workspace_id bigint NOT NULL,
  people integer NOT NULL,
  clicks integer NOT NULL,
  PRIMARY KEY (bucket, cause_id, position, hour_ms)
);
CREATE INDEX link_hours_of_cause ON link_hours (cause_id);
CREATE INDEX link_hours_age ON link_hours (hour_ms);
SELECT place('link_hours', 'bucket');

-- What was opened before, as of the hour of the first time; without what is on the feed still, which the reader will count.
INSERT INTO link_hours (bucket, cause_id, position, hour_ms, workspace_id, people, clicks)
SELECT bucket, cause_id, position, first_ms / 3600000 * 3600000, workspace_id, sum(people), sum(n) FROM (
  SELECT bucket, cause_id, position, first_ms, workspace_id, 1 AS people, n FROM link_clicks
  UNION ALL
  SELECT bucket, (payload ->> 'causeId')::bigint, (payload ->> 'position')::smallint, at_ms, workspace_id,
    -(payload ->> 'first')::boolean::integer, -1
  FROM feed WHERE type = 'link.clicked') AS clicked
GROUP BY 1, 2, 3, 4, 5;

-- Indexes of what nobody looks through by cause any more.
DROP INDEX link_clicks_of_cause;
