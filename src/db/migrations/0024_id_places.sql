-- The 64 places in which ids are made (base/ids.ts): each is lent to one process at a time. free_ms: not lent before then, by when
-- nobody draws from it any more.
CREATE TABLE id_places (
  place smallint PRIMARY KEY CHECK (place BETWEEN 0 AND 63),
  holder text,
  free_ms bigint NOT NULL DEFAULT 0
);
SELECT place('id_places');
INSERT INTO id_places (place) SELECT generate_series(0, 63);
DROP SEQUENCE id_nodes;
