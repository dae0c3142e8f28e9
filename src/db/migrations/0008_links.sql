-- Short links, codes and tokens that bring a person to their conversation, and clicks. Nothing here is a secret in the clear: of
-- codes and tokens only a hash is kept, and links have no code at all (src/links/codes.ts derives it).

-- An address that was shortened, once per cause: the message or the run of a broadcast it was said in. contact_id names the
-- one person it is for; null: everybody the cause reached, and the code says who.
CREATE TABLE links (
  bucket smallint NOT NULL,
  cause_id bigint NOT NULL,
  position smallint NOT NULL CHECK (position BETWEEN 0 AND 63),
  workspace_id bigint NOT NULL,
  contact_id bigint,
  kind text NOT NULL CHECK (kind IN ('click', 'transfer')),
  -- As it was given: {authuser} and {authtoken} are put in when it is opened, and are kept nowhere.
  long_uri text NOT NULL CHECK (length(long_uri) <= 2048 AND long_uri ~* '^https?://'),
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (bucket, cause_id, position)
);
SELECT place('links', 'bucket');
CREATE INDEX links_age ON links (expires_ms);
CREATE INDEX links_of_contact ON links (contact_id) WHERE contact_id IS NOT NULL;

-- Who opened which link, and how often. In the contact's bucket.
CREATE TABLE link_clicks (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  cause_id bigint NOT NULL,
  position smallint NOT NULL,
  workspace_id bigint NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, cause_id, position)
);
SELECT place('link_clicks', 'bucket');
CREATE INDEX link_clicks_of_cause ON link_clicks (cause_id, position);
CREATE INDEX link_clicks_age ON link_clicks (first_ms);

-- Codes that show for ten minutes, and once, that a person is this contact. The bucket is written in the code.
CREATE TABLE auth_codes (
  bucket smallint NOT NULL,
  code_hash text NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (bucket, code_hash)
);
SELECT place('auth_codes', 'bucket');
CREATE INDEX auth_codes_age ON auth_codes (expires_ms);
CREATE INDEX auth_codes_of_contact ON auth_codes (contact_id);

-- Codes with which a person who arrives on another channel is brought to this contact.
CREATE TABLE link_requests (
  bucket smallint NOT NULL,
  code_hash text NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  -- The integration on which they are expected; null: any.
  integration_id bigint,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (bucket, code_hash)
);
SELECT place('link_requests', 'bucket');
CREATE INDEX link_requests_age ON link_requests (expires_ms);
CREATE INDEX link_requests_of_contact ON link_requests (contact_id);

-- Browsers in which a person reads and writes as this contact. Ending one is deleting it.
CREATE TABLE chat_sessions (
  bucket smallint NOT NULL,
  token_hash text NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (bucket, token_hash)
);
SELECT place('chat_sessions', 'bucket');
CREATE INDEX chat_sessions_age ON chat_sessions (expires_ms);
CREATE INDEX chat_sessions_of_contact ON chat_sessions (contact_id);

-- Who is looking at the web chat now: a row is written anew every few seconds while a page is open, by our clock.
CREATE TABLE chat_presence (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  seen_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id)
) WITH (fillfactor = 50);
SELECT place('chat_presence', 'bucket');
