-- min_code: 160
-- The words of what was said in conversations, for operators who look for it: one row for each message, kept by a reader of the feed, so
-- that nothing is done for it where messages are let in. Each word begins with its workspace (in hexadecimal), so that a look-up reads no
-- other workspace's entries, however large that is. Months are dropped with those of the messages.
CREATE TABLE message_words (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  words tsvector NOT NULL,
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE TABLE message_words_rest PARTITION OF message_words DEFAULT;
CREATE INDEX message_words_found ON message_words USING gin (words);
CREATE INDEX message_words_newest ON message_words (workspace_id, id);
SELECT place('message_words', 'bucket');

-- Messages there are: words as near to those of inbox/words.ts as can be had here.
INSERT INTO message_words (bucket, id, contact_id, conversation_id, workspace_id, words)
SELECT bucket, id, contact_id, conversation_id, workspace_id, array_to_tsvector(ARRAY(
  SELECT DISTINCT to_hex(workspace_id) || ':' || left(word, 40)
  FROM regexp_split_to_table(lower(content ->> 'text'), '[^[:alnum:]]+') AS word WHERE word <> '' LIMIT 200))
FROM messages
WHERE kind = 'message' AND source ->> 'type' IS DISTINCT FROM 'campaign' AND content ->> 'text' <> '';
