-- min_code: 220
-- Who looks for people by what many have in common (the first digits of a country) walks through the newest of a workspace: by an index that
-- begins with the contact he walked through everybody else's as well. Whoever asks for a contact's own names the workspace.
CREATE INDEX identities_of_workspace ON identities (workspace_id, contact_id);
DROP INDEX identities_of_contact;
