-- What a campaign sends waits in a stream of its own, below 0: the id of the campaign with the other sign.
INSERT INTO streams (stream, kind, workspace_id, flowing)
SELECT -id, 1, workspace_id, paused IS DISTINCT FROM 'all' FROM campaigns WHERE state IN ('active', 'paused')
ON CONFLICT DO NOTHING;
