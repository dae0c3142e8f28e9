-- What of a flight has begun, in small steps ahead of the calls: a claim is of many, and what a dead worker leaves unclear must not
-- be more than what was out. `whole`: all of it may have begun with the claim.
ALTER TABLE flights ADD COLUMN whole boolean NOT NULL DEFAULT true;
CREATE TABLE flight_steps (
  bucket smallint NOT NULL,
  flight_id bigint NOT NULL,
  n integer NOT NULL,
  -- Positions in the flight's arrays, from 0.
  begun smallint[] NOT NULL,
  -- What came of positions that had begun before: { position: note }. Only whoever wrote it knows what it means.
  notes text,
  PRIMARY KEY (bucket, flight_id, n)
);
SELECT place('flight_steps', 'bucket');
