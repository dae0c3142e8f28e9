-- min_code: 90
-- Who entered together falls due together: all rows of a page change within one turn. Each changes once at the least (it ends; what became of a
-- message is told), so there is room on its page for all of them, and no index is written (HOT). What is there already stays as it is.
ALTER TABLE campaign_entries SET (fillfactor = 50);
ALTER TABLE campaign_sends SET (fillfactor = 55);
