-- min_code: 220
-- How many came into a segment that people named, by the hour, of one bucket in 64: what is expected of an hour by a campaign that goes by it. Who has
-- left it since is counted as well; until now it was who is in it still, which is all that is known of the time before.
CREATE TABLE segment_comings (
  bucket smallint NOT NULL,
  segment_id bigint NOT NULL,
  hour_ms bigint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (bucket, segment_id, hour_ms)
);
SELECT place('segment_comings', 'bucket');
INSERT INTO segment_comings (bucket, segment_id, hour_ms, n)
SELECT m.bucket, m.segment_id, m.since_ms / 3600000 * 3600000, count(*)
FROM segment_members m JOIN segments s ON s.id = m.segment_id AND s.key IS NOT NULL
WHERE m.bucket % 64 = 0 AND m.since_ms > s.changed_ms + 3600000 GROUP BY 1, 2, 3;
