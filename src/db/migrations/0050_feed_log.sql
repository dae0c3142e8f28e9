-- The history of the feed is its log. The word event is what somebody did: campaigns have tables of that name.
DO $$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass LOOP
    EXECUTE format('ALTER TABLE %I RENAME TO %I', part.name, regexp_replace(part.name, '^events_', 'feed_log_'));
  END LOOP;
END $$;
ALTER TABLE events RENAME TO feed_log;
ALTER INDEX events_pkey RENAME TO feed_log_pkey;
UPDATE placements SET tab = 'feed_log' WHERE tab = 'events';
