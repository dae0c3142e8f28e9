/**
 * The states of a delivery and the moves between them: the one table. The database holds the same (delivery_moves, and the
 * CHECKs on deliveries); a test compares. `sending` is not stored: it is a row in flights.
 *
 *     queued ⇄ held        the gate says later, or the provider was not ready
 *       │       │
 *       └──┬────┘
 *       unknown            we cannot tell whether the provider took it
 *          │
 *       accepted → delivered → read
 *          └─────▶ failed           also from every state before accepted
 *     suppressed, expired, canceled: from every state before accepted
 */

/** State codes as stored; the order is that of a message's life. */
export const STATE = {
  queued: 0,
  held: 1,
  unknown: 3,
  accepted: 4,
  delivered: 5,
  read: 6,
  failed: 10,
  suppressed: 11,
  expired: 12,
  canceled: 13,
} as const;

/** A state by name. */
export type StateName = keyof typeof STATE;
/** A state as stored. */
export type StateCode = (typeof STATE)[StateName];

const NAMES = Object.fromEntries(Object.entries(STATE).map(([name, code]) => [code, name])) as Record<
  StateCode,
  StateName
>;

/** The name of a stored state. */
export function stateName(code: number): StateName {
  return NAMES[code as StateCode];
}

/** Those in which it was sent, in the order in which it reaches them. */
export const SENT: readonly number[] = [STATE.accepted, STATE.delivered, STATE.read];
const WAITING: readonly StateCode[] = [STATE.queued, STATE.held, STATE.unknown];
const ALL: readonly StateCode[] = Object.values(STATE);

/** Where each state may go. Ends have no way out. */
export const MOVES: Readonly<Record<StateCode, readonly StateCode[]>> = {
  [STATE.queued]: ALL,
  [STATE.held]: ALL,
  [STATE.unknown]: ALL,
  [STATE.accepted]: [STATE.delivered, STATE.read, STATE.failed],
  [STATE.delivered]: [STATE.read],
  [STATE.read]: [],
  [STATE.failed]: [],
  [STATE.suppressed]: [],
  [STATE.expired]: [],
  [STATE.canceled]: [],
};

/** True when nothing more is expected of a delivery, whatever its channel can confirm. */
export function isEnd(state: StateCode): boolean {
  return state === STATE.read || state >= STATE.failed;
}

/** True while it is still to be sent, or may have to be sent again. */
export function isWaiting(state: StateCode): boolean {
  return WAITING.includes(state);
}

/** How a message stands that was sent to several destinations: as well as the best of them, or as the last when all have failed. */
export function stateOfMessage(states: readonly StateCode[]): StateCode | undefined {
  const hopeful = states.filter((state) => state < STATE.failed);
  return hopeful.length ? (Math.max(...hopeful) as StateCode) : states.at(-1);
}
