-- min_code: 80
-- What a template said before: a row for each version, the newest too. Who changed it is named as the audit log names people.
ALTER TABLE templates ADD COLUMN version integer NOT NULL DEFAULT 1;
-- As it was written, where that is not what is sent (MJML); and variants by language tag.
ALTER TABLE templates ADD COLUMN source jsonb;
ALTER TABLE templates ADD COLUMN locales jsonb NOT NULL DEFAULT '{}';
CREATE TABLE template_versions (
  template_id bigint NOT NULL,
  version integer NOT NULL,
  workspace_id bigint NOT NULL,
  name text NOT NULL,
  content jsonb NOT NULL,
  source jsonb,
  locales jsonb NOT NULL,
  actor text NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (template_id, version)
);
SELECT place('template_versions');
