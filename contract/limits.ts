/** How much of a thing there may be: plain values, so that a page that needs one loads no schemas with it. */

/** Limits of the content model (Sunshine Conversations; `payload` is undocumented there and seen at 1,000). */
export const LIMITS = {
  text: 4096,
  label: 128,
  uri: 2048,
  payload: 1000,
  html: 200_000,
  subject: 255,
  items: 10,
  itemActions: 3,
  actions: 25,
  fields: 20,
  options: 200,
  metadataBytes: 4096,
  metadataKeys: 100,
  attachments: 10,
} as const;

/** The largest file. */
export const MOST_FILE_BYTES = 50 * 1024 * 1024;
