-- Whether a message is called off when its person leaves is not asked of each message.
ALTER TABLE campaign_sends DROP COLUMN cancel_on_exit;
