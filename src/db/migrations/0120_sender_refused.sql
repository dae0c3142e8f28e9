-- min_code: 80
-- One more code of the gate (contract/reasons.ts): networks of that country carry no SMS from a name.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_gate_codes;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_gate_codes CHECK (state <> 11 OR code IN
  ('no_destination', 'pending', 'inactive', 'dead', 'complained', 'opted_out_all', 'opted_out_channel', 'opted_out_sender',
   'banned', 'imported', 'whatsapp_window', 'sender_refused')) NOT VALID;
