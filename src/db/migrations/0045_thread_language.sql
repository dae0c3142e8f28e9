-- The language of a conversation, where it is another than the workspace's; templates that name none are sent in it.
ALTER TABLE threads ADD COLUMN language text;
