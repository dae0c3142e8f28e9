-- min_code: 80
-- What a person was sent while there was no cap, or under one over less time, is not among its marks. A workspace knows when its cap
-- was last set, and the marks when they were last filled from the deliveries: those that are older are filled again.
ALTER TABLE workspaces ADD COLUMN cap_set_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE caps ADD COLUMN filled_ms bigint NOT NULL DEFAULT 0;
