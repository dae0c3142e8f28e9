-- min_code: 220
-- Which simulated phones somebody has in hand, and since when (by the clock on the wall): what rings there waits for the person.
CREATE TABLE simulated_hands (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  address text NOT NULL,
  held_ms bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, address)
);
SELECT place('simulated_hands', 'bucket');
