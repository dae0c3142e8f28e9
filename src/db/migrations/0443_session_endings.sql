-- min_code: 220
-- Why a session is over is told to whoever comes with it: such a row stays until it would have expired, with expires_ms 0, and lets nobody in.
ALTER TABLE operator_sessions ADD COLUMN ended_by text, ADD COLUMN kept_until_ms bigint;
