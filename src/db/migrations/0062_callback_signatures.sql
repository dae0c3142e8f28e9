-- Signatures of callbacks that cover a token and not the content (Mailgun's), with a hash of what each came with: believed for that
-- and nothing else, for as long as the signature is.
CREATE TABLE callback_signatures (
  hash integer NOT NULL,
  integration_id bigint NOT NULL,
  token_hash text NOT NULL,
  content_hash text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (hash, integration_id, token_hash)
);
SELECT place('callback_signatures', 'hash');
CREATE INDEX callback_signatures_age ON callback_signatures (at_ms);
