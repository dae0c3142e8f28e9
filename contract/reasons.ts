/**
 * Why a message may not go to an address, or not now: the closed list of codes. They are kept with deliveries and with what blocks an
 * address (the database has the same list as CHECKs), answered by the API, and counted by forecasts. Never a sentence: those are made
 * where they are shown (src/gate/say.ts).
 */

/** It may not go. In order: of several that hold, the first is the one told. */
export const NEVER_CODES = [
  'expired',
  'no_destination',
  'pending',
  'inactive',
  'dead',
  'complained',
  'opted_out_all',
  'opted_out_channel',
  'opted_out_sender',
  'banned',
  'imported',
  'whatsapp_window',
  'sender_refused',
] as const;

/** It may go later. Of several that hold, the one that ends last is the one told. */
export const HOLD_CODES = ['quiet_hours', 'cap_full'] as const;

/** What may block an address, each with a row of its own (`suppressions.cause`). In the order of NEVER_CODES. */
export const CAUSES = [
  'dead',
  'complained',
  'opted_out_all',
  'opted_out_channel',
  'opted_out_sender',
  'banned',
  'imported',
] as const satisfies readonly NeverCode[];

/** A reason for never. */
export type NeverCode = (typeof NEVER_CODES)[number];
/** A reason for later. */
export type HoldCode = (typeof HOLD_CODES)[number];
/** A reason of the gate. */
export type ReasonCode = NeverCode | HoldCode;
/** What blocks an address. */
export type Cause = (typeof CAUSES)[number];
