-- min_code: 116
-- Who answered last, so that an operator's second answer does not cross his own first.
ALTER TABLE inbox ADD COLUMN answered_by bigint;
ALTER TABLE inbox ADD COLUMN answered_ms bigint NOT NULL DEFAULT 0;

-- Whom a note is for.
ALTER TABLE inbox_notes ADD COLUMN mentions bigint[] NOT NULL DEFAULT '{}';

-- When an operator was mentioned last in a conversation; unseen while it is after what he has seen.
ALTER TABLE inbox_seats ADD COLUMN mentioned_ms bigint;
CREATE INDEX inbox_seats_mentioned ON inbox_seats (workspace_id, operator_id, mentioned_ms) WHERE mentioned_ms IS NOT NULL;

-- Answers that operators have ready, by a word that calls them up.
CREATE TABLE saved_replies (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  shortcut text NOT NULL,
  text text NOT NULL,
  created_ms bigint NOT NULL
);
CREATE UNIQUE INDEX saved_replies_of_workspace ON saved_replies (workspace_id, lower(shortcut));
SELECT place('saved_replies');
