-- What the web chat of a contact shows, in order: a row per thing that happened. Written by the reader of the feed, for contacts
-- that have been on the web chat; what happened before is in their messages.
--
-- live_heads.seq is the number of the last row. Whoever adds rows first updates it, and so holds its lock until the commit:
-- numbers are committed in order and without a gap, whichever process writes. A client's cursor is such a number.
CREATE TABLE live_heads (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  seq bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, contact_id)
) WITH (fillfactor = 80);
SELECT place('live_heads', 'bucket');

-- kind: 1 message, 2 state of a message (detail: as in deliveries.state), 3 read mark (detail: 0 by the contact, 1 by the business)
CREATE TABLE live_log (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  seq bigint NOT NULL,
  kind smallint NOT NULL CHECK (kind IN (1, 2, 3)),
  message_id bigint,
  detail smallint,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, seq)
);
SELECT place('live_log', 'bucket');
