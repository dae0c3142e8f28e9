-- min_code: 170
-- What is done with many people at once, part by part (src/audiences): a change of lists and tags, or a file. A job goes on where it was:
-- `done` buckets are gone through, and of the next those up to contact `after_id`. Whom it is of, and what is done, is text, as it was asked.
CREATE TABLE people_jobs (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('bulk', 'export')),
  asked_by text NOT NULL,
  who text NOT NULL,
  what text NOT NULL,
  -- Of who, what and kind: whoever asks for the same again while it is under way is told of the one there is.
  digest text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'stopped')),
  done integer NOT NULL DEFAULT 0 CHECK (done BETWEEN 0 AND 4096),
  after_id bigint NOT NULL DEFAULT 0,
  people integer NOT NULL DEFAULT 0,
  changed integer NOT NULL DEFAULT 0,
  note text,
  -- The link to the file that was asked for last: its digest, and until when it opens.
  link text,
  link_until_ms bigint,
  -- Until when the file is kept.
  file_until_ms bigint,
  created_ms bigint NOT NULL,
  ended_ms bigint
);
CREATE INDEX people_jobs_of_workspace ON people_jobs (workspace_id, id);
CREATE UNIQUE INDEX people_jobs_once ON people_jobs (workspace_id, asked_by, digest) WHERE state = 'running';
CREATE UNIQUE INDEX people_jobs_by_link ON people_jobs (link) WHERE link IS NOT NULL;
SELECT place('people_jobs');

-- A file, a row for each person in it: so who is erased is taken out of files as out of everything else.
CREATE TABLE people_rows (
  bucket smallint NOT NULL,
  job_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (bucket, job_id, contact_id)
);
SELECT place('people_rows', 'bucket');
