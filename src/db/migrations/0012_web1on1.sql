-- The conversation as those who answer have it: whose turn it is, who takes part, and what is said beside the contact's ears.
-- A contact's thread has the id of its conversation; a team's has no contact.
CREATE TABLE threads (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint,
  type text NOT NULL CHECK (type IN ('contact', 'bot', 'agent', 'system')),
  status text NOT NULL CHECK (status IN ('queued', 'active', 'closed')),
  name text NOT NULL,
  slug text NOT NULL,
  -- The channel that a message goes through unless it names another.
  touchpoint text,
  -- Inboxes that were told that somebody waits.
  channels text[] NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}',
  meta jsonb NOT NULL DEFAULT '{}',
  category text,
  created_by text NOT NULL,
  created_ms bigint NOT NULL,
  updated_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id),
  CHECK ((type = 'contact') = (contact_id IS NOT NULL))
);
SELECT place('threads', 'bucket');
CREATE INDEX threads_of_workspace ON threads (workspace_id, updated_ms);

CREATE TABLE participants (
  bucket smallint NOT NULL,
  conversation_id bigint NOT NULL,
  user_id text NOT NULL,
  name text NOT NULL,
  role text NOT NULL,
  unread_count integer NOT NULL DEFAULT 0,
  inbox boolean NOT NULL DEFAULT false,
  accepted boolean NOT NULL DEFAULT false,
  active boolean NOT NULL DEFAULT false,
  created_ms bigint NOT NULL,
  updated_ms bigint NOT NULL,
  PRIMARY KEY (bucket, conversation_id, user_id)
);
SELECT place('participants', 'bucket');

-- What was posted to a thread, as it was posted. What is also sent to or heard from the contact has a row of the same id in
-- messages (spoken).
CREATE TABLE posts (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  type text NOT NULL,
  role text NOT NULL CHECK (role IN ('contact', 'agent', 'bot')),
  user_id text NOT NULL,
  spoken boolean NOT NULL,
  wire jsonb NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
);
SELECT place('posts', 'bucket');
CREATE INDEX posts_of_conversation ON posts (bucket, conversation_id, at_ms);
