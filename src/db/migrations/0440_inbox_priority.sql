-- min_code: 220
-- same_as: d09d1ae4e76729b0f814c50ea90c1d3c3ac535d2430c7df5788c72a5572d1cbd
-- How pressing a conversation is: its place among urgent, high, medium, low and none. Their order is one number, so that a page of it is one
-- range: what is most pressing first, of equals who waits longest, and after those who wait the others, the newest first. What is pressing
-- may stand anywhere in the orders there are, so none of them finds it by a walk that is bounded.
ALTER TABLE inbox ADD COLUMN priority smallint NOT NULL DEFAULT 4;
ALTER TABLE inbox ADD CONSTRAINT inbox_priority_check CHECK (priority BETWEEN 0 AND 4);
CREATE INDEX inbox_pressing ON inbox (workspace_id, (priority * 1000000000000000 + coalesce(waiting_ms, 500000000000000 - last_ms)), contact_id)
  WHERE NOT closed;
