-- min_code: 80
-- Group chats: what is said in one is kept once, whoever is in it, and has a place; what a member has not read is what stands after
-- the place they have read up to.
CREATE TABLE group_chats (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('group', 'announcements')),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description text,
  photo_url text,
  cover_url text,
  settings jsonb NOT NULL DEFAULT '{}',
  -- The place of the last post. Taking one locks the row until the commit: when a place can be seen, all before it can.
  position bigint NOT NULL DEFAULT 0,
  closed_ms bigint,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
) WITH (fillfactor = 60);
CREATE INDEX group_chats_of_workspace ON group_chats (workspace_id, id);
-- The announcements of a workspace are in its own bucket, so that there is one of them on every shard.
CREATE UNIQUE INDEX group_chats_announcements ON group_chats (bucket, workspace_id) WHERE kind = 'announcements';
SELECT place('group_chats', 'bucket');

-- Who is in a group, in the bucket of the contact: a post goes out lane by lane.
CREATE TABLE group_members (
  bucket smallint NOT NULL,
  group_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member')),
  notify text NOT NULL DEFAULT 'all' CHECK (notify IN ('all', 'mentions', 'none')),
  muted_until_ms bigint,
  read_position bigint NOT NULL DEFAULT 0,
  joined_ms bigint NOT NULL,
  PRIMARY KEY (bucket, group_id, contact_id)
);
CREATE INDEX group_members_of_contact ON group_members (bucket, contact_id);
CREATE INDEX group_members_of_group ON group_members (group_id, contact_id);
SELECT place('group_members', 'bucket');

-- What is said in groups. Without a place it is to be said later.
CREATE TABLE group_posts (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  group_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  position bigint,
  author_id bigint,
  author jsonb NOT NULL DEFAULT '{}',
  content jsonb NOT NULL,
  -- Contacts that are named; `mentions_all` names everyone.
  mentions bigint[] NOT NULL DEFAULT '{}',
  mentions_all boolean NOT NULL DEFAULT false,
  at_ms bigint NOT NULL,
  deleted_ms bigint,
  PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX group_posts_in_order ON group_posts (bucket, group_id, position);
CREATE INDEX group_posts_of_author ON group_posts (author_id) WHERE author_id IS NOT NULL;
CREATE INDEX group_posts_mentioning ON group_posts (workspace_id) WHERE mentions <> '{}';
SELECT place('group_posts', 'bucket');

-- The conversations of a client with each connected account: direct goes both ways, notices one; announcements stands for its place in the
-- group of that name. Each is open while the account is connected and allows it, and holds what the account wants to be told of.
CREATE TABLE connect_chats (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('direct', 'notices', 'announcements')),
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  notify text NOT NULL DEFAULT 'all' CHECK (notify IN ('all', 'none')),
  muted_until_ms bigint,
  read_ms bigint NOT NULL DEFAULT 0,
  opened_ms bigint NOT NULL,
  closed_ms bigint,
  PRIMARY KEY (bucket, contact_id, kind)
);
CREATE INDEX connect_chats_by_id ON connect_chats (id);
SELECT place('connect_chats', 'bucket');

-- Which contacts a broadcast was posted to, in one of their two conversations: what it says is kept with the broadcast, once.
CREATE TABLE broadcast_posts (
  bucket smallint NOT NULL,
  run_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  broadcast_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('direct', 'notices')),
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, run_id, contact_id)
);
CREATE INDEX broadcast_posts_of_contact ON broadcast_posts (bucket, contact_id, kind, at_ms);
SELECT place('broadcast_posts', 'bucket');

-- What the business has marked of all that is said: messages, posts to groups, broadcasts.
CREATE TABLE favorites (
  bucket smallint NOT NULL,
  message_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, message_id)
);
SELECT place('favorites', 'bucket');

-- What a run is, when it is not a broadcast that somebody drafted: a post to a group, or to a conversation of each connected account.
ALTER TABLE broadcasts ADD COLUMN origin jsonb;

-- A post is seen on the live channel, too.
ALTER TABLE live_log DROP CONSTRAINT live_log_kind_check;
ALTER TABLE live_log ADD CONSTRAINT live_log_kind_check CHECK (kind IN (1, 2, 3, 4));

-- Shipping labels and bots are sets of contacts as lists and tags are.
ALTER TABLE sets DROP CONSTRAINT sets_kind_check;
ALTER TABLE sets ADD CONSTRAINT sets_kind_check CHECK (kind IN ('list', 'tag', 'label', 'bot'));
