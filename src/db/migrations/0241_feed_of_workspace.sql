-- min_code: 220
-- What happened in one workspace, newest first, for who builds on Parley: one entry more for each event, where it is handed on and not
-- where anything is let in or sent.
CREATE INDEX feed_log_of_workspace ON feed_log (workspace_id, id);
