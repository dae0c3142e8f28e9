-- min_code: 80
-- Signing in by the company's own provider (OpenID Connect). Whom a provider calls by a subject is bound to an operator on first use; an
-- operator has one subject at an issuer. An e-mail address that changes hands later opens nothing.
CREATE TABLE operator_identities (
  issuer text NOT NULL,
  subject text NOT NULL,
  operator_id bigint NOT NULL,
  bound_ms bigint NOT NULL,
  PRIMARY KEY (issuer, subject),
  UNIQUE (operator_id, issuer)
);
SELECT place('operator_identities');

-- Sign-ins that were sent to the provider and are not back. What must stay secret of one is made of the browser's cookie, and not here.
CREATE TABLE provider_sign_ins (
  state_hash text PRIMARY KEY,
  browser_hash text NOT NULL,
  return_to text NOT NULL,
  expires_ms bigint NOT NULL
);
SELECT place('provider_sign_ins');
CREATE INDEX provider_sign_ins_over ON provider_sign_ins (expires_ms);

-- A link for somebody the provider has vouched for, where a workspace asks for the second factor as well.
ALTER TABLE sign_in_links ADD COLUMN asks_factor boolean NOT NULL DEFAULT false;
