-- min_code: 80
-- A state that is in the predicate of an index is in that index's rows: every receipt rewrote the entries of all indexes. What went amiss is a
-- column of its own, null in nearly every row and of the store's making, so that a row that goes on from sent to delivered stays on its page
-- (HOT) and touches no index. Rewrites `deliveries`, partition by partition.
DROP INDEX deliveries_amiss;
ALTER TABLE deliveries ADD COLUMN amiss smallint GENERATED ALWAYS AS (CASE WHEN state IN (3, 10, 11, 12) THEN state END) STORED;
CREATE INDEX deliveries_amiss ON deliveries (cause_id, amiss) WHERE amiss IS NOT NULL;
-- The room that a row needs to stay. Partitions that are made later have it from `db/partitions.ts`.
DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'deliveries'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 80)', part);
  END LOOP;
END $$;
