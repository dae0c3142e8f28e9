-- min_code: 220
-- On Citus a lane is what one shard has, so that a statement on a lane goes to one shard, and rows of a lane can be locked (rules 1 and 11 of
-- what Citus takes). Nothing waits in a lane when this runs: without it Parley did not start there. On plain Postgres any buckets will do.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN RETURN; END IF;
  DELETE FROM lanes;
  INSERT INTO lanes (bucket, lane, buckets)
    SELECT min(bucket), row_number() OVER (ORDER BY min(bucket)) - 1, array_agg(bucket ORDER BY bucket)
    FROM (SELECT b::smallint AS bucket, get_shard_id_for_distribution_column('lanes', b) AS shard FROM generate_series(0, 4095) b) s
    GROUP BY shard;
END $$;
