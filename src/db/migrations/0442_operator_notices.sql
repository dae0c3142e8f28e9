-- min_code: 220
-- Of what an operator is told while the console is open, and how: what he has said of it (contract/notices.ts).
ALTER TABLE operators ADD COLUMN notices jsonb NOT NULL DEFAULT '{}';
