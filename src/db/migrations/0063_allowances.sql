-- How often somebody may do something, over all processes: a row is when all that was used is back. In place of the guesses at codes,
-- which it counts as well; who had to wait for wrong codes begins anew.
CREATE TABLE allowances (
  who_hash text PRIMARY KEY,
  back_ms double precision NOT NULL
);
SELECT place('allowances');
DELETE FROM placements WHERE tab = 'guesses';
DROP TABLE guesses;
