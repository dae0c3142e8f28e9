-- min_code: 80
-- When a contact that is a connected account disconnected last, by the clock of the company's workspace. What was on its way to it before
-- is not sent any more; what is said after is said as to anybody.
ALTER TABLE contacts ADD COLUMN disconnected_ms bigint;
