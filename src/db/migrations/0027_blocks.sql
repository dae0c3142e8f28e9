-- same_as: 3769cd4e1dd03621ffa522b68105c373144664eaa7cd3405092dee203570d77f
-- Every block of an address has a row of its own, with its cause and the rank of who made it, so that lifting one never lifts another
-- (before, one row an address held the sum of all). Addresses are found by their proof (contacts/consent/proof.ts): the address itself
-- goes when its person is erased. scope 0 is every sender of the channel; otherwise the integration that was told stop, and `elsewhere`
-- is what that means for the channel's other senders.

CREATE TABLE proof_keys (
  id smallint PRIMARY KEY CHECK (id = 1),
  key_sealed bytea NOT NULL
);
SELECT place('proof_keys');

-- Moved into the new table by the first start, which has the key for their proofs; empty from then on.
ALTER TABLE suppressions RENAME TO suppressions_before_causes;
ALTER INDEX suppressions_pkey RENAME TO suppressions_before_causes_pkey;
UPDATE placements SET tab = 'suppressions_before_causes' WHERE tab = 'suppressions';

CREATE TABLE suppressions (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  proof text NOT NULL,
  cause text NOT NULL CHECK (cause IN
    ('dead', 'complained', 'opted_out_all', 'opted_out_channel', 'opted_out_sender', 'banned', 'imported')),
  scope bigint NOT NULL DEFAULT 0,
  address text,
  classes smallint NOT NULL CHECK (classes BETWEEN 0 AND 7),
  elsewhere smallint NOT NULL DEFAULT 0 CHECK (elsewhere BETWEEN 0 AND 7),
  -- Who made it: 1 import, 2 API, 3 operator, 4 provider, 5 the person.
  rank smallint NOT NULL CHECK (rank BETWEEN 1 AND 5),
  reason text NOT NULL,
  since_ms bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, channel, proof, cause, scope),
  CHECK (classes > 0 OR elsewhere > 0),
  CHECK (scope > 0 OR elsewhere = 0)
);
SELECT place('suppressions', 'hash');

-- The blocks of an address, as a send reads them: `cause/classes/scope/elsewhere/reason` each. blocked_classes is their sum and
-- blocked_reason the reason of the first, for lists.
ALTER TABLE destinations ADD COLUMN blocks text[];
UPDATE destinations SET blocks = ARRAY[
  CASE WHEN blocked_reason LIKE 'dead address%' OR blocked_reason = 'bounce' THEN 'dead'
    WHEN blocked_reason = 'complaint' THEN 'complained'
    WHEN blocked_reason IN ('stop', 'unsubscribed') THEN 'opted_out_channel' ELSE 'banned' END
  || '/' || blocked_classes::text || '/0/0/' || blocked_reason]
WHERE blocked_classes > 0;
ALTER TABLE destinations ADD CHECK ((blocked_classes = 0) = (blocks IS NULL));

-- Codes of the gate are of the closed list (contract/reasons.ts) from now on.
UPDATE deliveries SET
  detail = code || coalesce(': ' || detail, ''),
  code = CASE WHEN code = 'no_destination' OR code = 'whatsapp_window' THEN code
    WHEN code = 'destination_pending' THEN 'pending' WHEN code = 'destination_inactive' THEN 'inactive'
    WHEN code LIKE 'dead address%' OR code = 'bounce' THEN 'dead' WHEN code = 'complaint' THEN 'complained'
    WHEN code IN ('stop', 'unsubscribed', 'opted_out') THEN 'opted_out_channel' ELSE 'banned' END
WHERE state = 11 AND code NOT IN ('no_destination', 'whatsapp_window');
UPDATE deliveries SET code = 'cap_full' WHERE state = 1 AND code = 'frequency_cap';
ALTER TABLE deliveries ADD CONSTRAINT deliveries_gate_codes CHECK (state <> 11 OR code IN
  ('no_destination', 'pending', 'inactive', 'dead', 'complained', 'opted_out_all', 'opted_out_channel', 'opted_out_sender',
   'banned', 'imported', 'whatsapp_window'));
