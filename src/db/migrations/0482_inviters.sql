-- min_code: 220
-- Who asked: told to whoever is asked, on the page of the link and beside the invitation. Null where a key or the command did.
ALTER TABLE invitations ADD COLUMN invited_by bigint;
ALTER TABLE password_links ADD COLUMN invited_by bigint;
