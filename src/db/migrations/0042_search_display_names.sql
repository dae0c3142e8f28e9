-- min_code: 19
-- People are searched for by what they call themselves where they write from, too (the From of a mail).
CREATE INDEX destinations_by_display_name ON destinations (workspace_id, lower(display_name) text_pattern_ops)
  WHERE display_name IS NOT NULL;
