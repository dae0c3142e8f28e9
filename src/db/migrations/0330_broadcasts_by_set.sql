-- min_code: 220
-- Which broadcasts would miss a list or tag: before there was this, every audience of the workspace was read for one list.
CREATE INDEX broadcasts_by_set ON broadcasts USING gin (
  (jsonb_path_query_array(audience, '$.*.lists[*]') || jsonb_path_query_array(audience, '$.*.tags[*]')) jsonb_path_ops
) WHERE origin IS NULL AND state IN ('draft', 'scheduled', 'running', 'paused');
