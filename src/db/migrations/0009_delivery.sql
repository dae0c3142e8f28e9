-- Whether another of the contact's destinations may be tried when this one fails: whoever sent the message named none.
-- null: it may not; a broadcast keeps to its channel.
ALTER TABLE deliveries ADD COLUMN may_fall_back boolean;
