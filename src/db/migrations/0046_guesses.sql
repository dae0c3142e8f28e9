-- Links, codes and sessions that lead nowhere, by the network that brought them (a keyed hash): a bucket that leaks, over all processes.
CREATE TABLE guesses (
  caller_hash text PRIMARY KEY,
  count double precision NOT NULL,
  last_ms bigint NOT NULL
);
SELECT place('guesses');
