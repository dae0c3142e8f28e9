-- What is posted with a delay is held until it is over: nobody who is written to sees any of it before. `held` is what is to be
-- said or done then, `due_ms` when, `typing_ms` when the person is shown that it is being typed. All by the workspace's clock, and
-- null once it has happened.
ALTER TABLE posts ADD COLUMN held jsonb, ADD COLUMN due_ms bigint, ADD COLUMN typing_ms bigint;
CREATE INDEX posts_held ON posts (bucket, conversation_id, due_ms) WHERE due_ms IS NOT NULL;
