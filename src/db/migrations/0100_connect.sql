-- min_code: 80
-- Connect: accounts authorise a company to act for them (docs/connect.md). An account that is connected stands as a contact in the
-- company's workspace, known by the account's own id.

ALTER TABLE identities DROP CONSTRAINT identities_kind_check;
ALTER TABLE identities ADD CONSTRAINT identities_kind_check
  CHECK (kind IN ('external', 'phone', 'email', 'token', 'whatsapp', 'webhook', 'anonymous', 'group', 'connect'));

-- What a workspace shows to those who are asked to connect to it; none until Connect is enabled for it.
CREATE TABLE connect_clients (
  workspace_id bigint PRIMARY KEY,
  -- By which its pages and its script name it.
  id bigint NOT NULL,
  enabled boolean NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- Logo, colours, addresses to return to, required reading, what is asked for.
  settings jsonb NOT NULL DEFAULT '{}',
  -- By which the company signs a visitor's connect_id.
  secret_sealed bytea NOT NULL,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL
);
SELECT place('connect_clients');
CREATE UNIQUE INDEX connect_clients_by_client ON connect_clients (id);

-- Who authorised which company, and as whom the company knows them. A grant ends and is not taken up again: who connects once more has
-- another row, with the same contact. connect_id and contact_id are null once the company has erased the contact.
CREATE TABLE connect_grants (
  id bigint PRIMARY KEY,
  client_workspace_id bigint NOT NULL,
  connect_id text CHECK (length(connect_id) BETWEEN 1 AND 200),
  -- Whether the company vouched for the connect_id.
  signed boolean NOT NULL,
  -- The operator whose account it is, and the workspace in which the company may act.
  holder_id bigint NOT NULL,
  holder_workspace_id bigint NOT NULL,
  contact_id bigint,
  allows text[] NOT NULL,
  connected_ms bigint NOT NULL,
  disconnected_ms bigint,
  ended_by text CHECK (ended_by IN ('holder', 'company', 'erased', 'workspace')),
  CHECK ((disconnected_ms IS NULL) = (ended_by IS NULL)),
  CHECK (disconnected_ms IS NOT NULL OR (connect_id IS NOT NULL AND contact_id IS NOT NULL))
);
SELECT place('connect_grants');
CREATE UNIQUE INDEX connect_grants_one_id ON connect_grants (client_workspace_id, connect_id) WHERE disconnected_ms IS NULL;
CREATE UNIQUE INDEX connect_grants_one_holder ON connect_grants (client_workspace_id, holder_id) WHERE disconnected_ms IS NULL;
CREATE INDEX connect_grants_by_connect_id ON connect_grants (client_workspace_id, connect_id, id);
CREATE INDEX connect_grants_by_holder ON connect_grants (client_workspace_id, holder_id, id);
CREATE INDEX connect_grants_of_client ON connect_grants (client_workspace_id, id);
CREATE INDEX connect_grants_of_holder ON connect_grants (holder_id, id);
CREATE INDEX connect_grants_in_workspace ON connect_grants (holder_workspace_id);
CREATE INDEX connect_grants_of_contact ON connect_grants (contact_id);
