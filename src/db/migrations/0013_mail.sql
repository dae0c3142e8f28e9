-- Which integration takes mail at an address: asked for each recipient that somebody names to the mail listener.
CREATE INDEX integrations_by_incoming_address ON integrations (lower(settings->>'incomingAddress')) WHERE deleted_ms IS NULL;
CREATE INDEX integrations_by_bounce_address ON integrations (lower(settings->>'bounceAddress')) WHERE deleted_ms IS NULL;
