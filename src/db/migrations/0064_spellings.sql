-- min_code: 63
-- By what else a provider names somebody than by the address that we sent to (WhatsApp's wa_id): what comes in from there is theirs.
CREATE TABLE address_spellings (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  spelled text NOT NULL,
  address text NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, channel, spelled)
);
SELECT place('address_spellings', 'hash');
CREATE INDEX address_spellings_of_contact ON address_spellings (contact_id);
