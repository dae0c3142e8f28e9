-- min_code: 220
-- Who waits longest of all, whosever they are: what is assigned and what is not have their own orders, and neither is one of both.
CREATE INDEX inbox_waiting ON inbox (workspace_id, rank, contact_id) WHERE NOT closed;
