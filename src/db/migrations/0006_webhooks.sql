-- Replays of webhook calls. A replay is a call of its own (its attempts and answer are kept apart), but it carries the same
-- webhook-id as the call it repeats, as Standard Webhooks asks: so each call remembers the first one.
ALTER TABLE webhook_calls
  -- The first of the calls with this content, whose id is on the wire; null for the first itself.
  ADD COLUMN replay_of bigint,
  -- The call that last repeated this one: what was replayed once is passed over when all failed calls are replayed.
  ADD COLUMN replayed_by bigint;

-- What a customer missed: read when failed calls are listed or replayed. Rows that were delivered cost it nothing.
CREATE INDEX webhook_calls_missed ON webhook_calls (webhook_id, id) WHERE state IN ('failed', 'canceled');
