-- min_code: 80
-- Two who change a workspace at once: each change is a revision, and each part knows in which it was last changed, so that whoever comes
-- second is told what. Code from before counts nothing up; whoever names a revision then is let through.
ALTER TABLE workspaces ADD COLUMN revision integer NOT NULL DEFAULT 1;
ALTER TABLE workspaces ADD COLUMN changed_in jsonb NOT NULL DEFAULT '{}';
