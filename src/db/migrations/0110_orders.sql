-- min_code: 80
-- Orders: what customers of a workspace bought, told by the workspace itself or by a company that it is connected to
-- (docs/connect.md). Times of an order are unix microseconds, by the workspace's clock.

CREATE TABLE orders (
  -- Of the id. The contact's, unless that contact was merged into another since.
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  -- The workspace of the company that told it; 0: the workspace itself did. A company sees its own and no others.
  client_id bigint NOT NULL,
  -- By which who told it knows it. Several may have the same.
  reference text CHECK (length(reference) BETWEEN 1 AND 255),
  description text,
  currency text NOT NULL CHECK (length(currency) = 3),
  -- As told: not the sum of the lines.
  total_cents bigint,
  line_items jsonb NOT NULL,
  metadata jsonb,
  -- As told with the order; the contact may be known by other words.
  profile_name text,
  profile_email text,
  profile_phone text,
  shipping_address text,
  shipping_link text,
  shipping_state text,
  shipping_source text,
  -- Each with who told it.
  invoiced_us bigint,
  invoiced_source text,
  paid_us bigint,
  paid_source text,
  shipped_us bigint,
  shipped_source text,
  refunded_us bigint,
  refunded_source text,
  -- When the alert of its payment was taken by the provider.
  notified_us bigint,
  -- Sets nothing off: it happened before it was told.
  is_quiet boolean NOT NULL,
  created_us bigint NOT NULL,
  updated_us bigint NOT NULL,
  PRIMARY KEY (bucket, id),
  CHECK ((invoiced_us IS NULL) = (invoiced_source IS NULL) AND (paid_us IS NULL) = (paid_source IS NULL)
    AND (shipped_us IS NULL) = (shipped_source IS NULL) AND (refunded_us IS NULL) = (refunded_source IS NULL))
);
SELECT place('orders', 'bucket');
CREATE INDEX orders_newest ON orders (workspace_id, id);
CREATE INDEX orders_of_contact ON orders (bucket, contact_id, id);

-- Which order a reference names: the last that was given it. `earlier`: those that had it before, oldest first.
CREATE TABLE order_references (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  client_id bigint NOT NULL,
  reference text NOT NULL,
  order_id bigint NOT NULL,
  earlier bigint[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (hash, workspace_id, client_id, reference)
);
SELECT place('order_references', 'hash');

-- What a workspace has decided about orders; without a row, what is usual.
CREATE TABLE order_settings (
  workspace_id bigint PRIMARY KEY,
  -- Whether companies it is connected to may tell orders.
  accepts boolean NOT NULL,
  -- Of orders that name none, ISO 4217.
  currency text NOT NULL CHECK (length(currency) = 3)
);
SELECT place('order_settings');
