-- The key in the address of an integration's callbacks is sealed, like its other secrets: whoever reads the database can call back
-- as nobody. The next start seals those that are there (accounts/integrations.ts), so that the addresses providers have go on working.
ALTER TABLE integrations ADD COLUMN callback_key_sealed bytea, ALTER COLUMN callback_key DROP NOT NULL;
UPDATE integrations SET callback_key = NULL WHERE deleted_ms IS NOT NULL;
