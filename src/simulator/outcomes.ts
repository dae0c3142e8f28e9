/**
 * What a simulated provider can be made to do, and the addresses that make it do so. Data and pure functions: the same table
 * is behaviour and documentation.
 */
import type { ChannelName, ErrorClass } from '../../contract/channels.ts';
import { ERROR_CLASSES } from '../../contract/channels.ts';
import { fault, type Fault } from '../base/fault.ts';
import type { Receipt } from '../channels/adapter.ts';

/** Receipts that come together, `afterMs` after the call, a state for each receipt, in this order. */
type Report = { afterMs: number; states: readonly Receipt['state'][] };

/** One way a provider can behave. */
export type Behaviour = {
  /** Last four digits of the phone number that asks for it: +1 500 555 xxxx. */
  digits: string;
  means: string;
  /** What the call answers. `lost`: no answer within the deadline. */
  answer: 'accepted' | 'refused' | 'deferred' | 'unclear' | 'lost';
  class?: ErrorClass;
  retryAfterMs?: number;
  /** Asked for by an address, only the first attempt of a delivery meets it; the second is plain. */
  once?: true;
  /** Whether the person's device gets the message. */
  arrives: boolean;
  /** Receipts that come before the call answers. */
  before?: readonly Receipt['state'][];
  reports: readonly Report[];
  /** Class of its `failed` receipts. */
  failure?: ErrorClass;
};

/** Receipts come this long after the call, as from a provider: the outcome of the call is settled by then. */
export const RECEIPT_AFTER_MS = 200;
/** How long a late receipt takes. */
const LATE_MS = 60_000;

const SEEN: readonly Report[] = [{ afterMs: RECEIPT_AFTER_MS, states: ['delivered', 'read'] }];

/** Every behaviour by name. `read` is only reported where the adapter can confirm it, `delivered` likewise. */
export const BEHAVIOURS = {
  invalid: {
    digits: '0001',
    means: 'Refused: there is no such address.',
    answer: 'refused',
    class: 'recipient',
    arrives: false,
    reports: [],
  },
  optout: {
    digits: '0002',
    means: 'Refused: the person opted out at the provider.',
    answer: 'refused',
    class: 'optout',
    arrives: false,
    reports: [],
  },
  throttled: {
    digits: '0003',
    means: 'Too fast: refused once with Retry-After 2 s, then accepted and delivered.',
    answer: 'deferred',
    class: 'rate',
    retryAfterMs: 2000,
    once: true,
    arrives: false,
    reports: [],
  },
  error: {
    digits: '0004',
    means:
      'Server error once, which leaves open whether it was sent (it was not); then accepted and delivered.',
    answer: 'unclear',
    once: true,
    arrives: false,
    reports: [],
  },
  hang: {
    digits: '0005',
    means: 'Never answers; nothing is sent. Unclear after the deadline.',
    answer: 'lost',
    arrives: false,
    reports: [],
  },
  delivered: {
    digits: '0006',
    means: 'Accepted, delivered, and read where the channel confirms that. What any other address does.',
    answer: 'accepted',
    arrives: true,
    reports: SEEN,
  },
  undelivered: {
    digits: '0007',
    means: 'Accepted, then reported as not delivered (a bounce).',
    answer: 'accepted',
    arrives: false,
    reports: [{ afterMs: RECEIPT_AFTER_MS, states: ['failed'] }],
    failure: 'transient',
  },
  doubled: {
    digits: '0008',
    means: 'Each receipt comes twice.',
    answer: 'accepted',
    arrives: true,
    reports: [{ afterMs: RECEIPT_AFTER_MS, states: ['delivered', 'delivered', 'read', 'read'] }],
  },
  disordered: {
    digits: '0009',
    means: 'Receipts in the wrong order: delivered (or read) before accepted.',
    answer: 'accepted',
    arrives: true,
    reports: [{ afterMs: RECEIPT_AFTER_MS, states: ['read', 'delivered', 'accepted'] }],
  },
  early: {
    digits: '0010',
    means: 'The delivered receipt comes before the call has answered.',
    answer: 'accepted',
    arrives: true,
    before: ['delivered'],
    reports: [{ afterMs: RECEIPT_AFTER_MS, states: ['read'] }],
  },
  late: {
    digits: '0011',
    means: 'Receipts come after 60 s.',
    answer: 'accepted',
    arrives: true,
    reports: [{ afterMs: LATE_MS, states: ['delivered', 'read'] }],
  },
  silent: {
    digits: '0012',
    means: 'Accepted, and no receipt ever.',
    answer: 'accepted',
    arrives: true,
    reports: [],
  },
  lost: {
    digits: '0013',
    means: 'The message is sent, but the answer is lost: unclear after the deadline, and receipts come.',
    answer: 'lost',
    arrives: true,
    reports: SEEN,
  },
  unread: {
    digits: '0014',
    means: 'Delivered and never read.',
    answer: 'accepted',
    arrives: true,
    reports: [{ afterMs: RECEIPT_AFTER_MS, states: ['delivered'] }],
  },
  complaint: {
    digits: '0015',
    means: 'Delivered, then the person complains of spam: a failed receipt that means opted out.',
    answer: 'accepted',
    arrives: true,
    reports: [{ afterMs: RECEIPT_AFTER_MS, states: ['delivered', 'failed'] }],
    failure: 'optout',
  },
} as const satisfies Record<string, Behaviour>;

/** The name of a behaviour. */
export type OutcomeName = keyof typeof BEHAVIOURS;

/** What a message meets: a behaviour, and what a rule changes of it. */
export type Script = {
  outcome: OutcomeName;
  /** How long the call takes. */
  latencyMs?: number;
  /** The provider's code of a refusal, deferral or failure. */
  code?: string;
  class?: ErrorClass;
  retryAfterMs?: number;
  /** When receipts come, after the call. */
  receiptAfterMs?: number;
};

/** Phone numbers that ask for a behaviour begin with this; the behaviour's four digits follow. */
const MAGIC_PHONE = '+1500555';
/** Mail addresses that ask for a behaviour: `bounce@simulator.test`, `late+anything@simulator.test`. */
const MAGIC_MAIL_DOMAIN = 'simulator.test';
/** In any other address (push token, URL): `fcm:sim:invalid:abc`, `https://x.example/sim:late`. */
const MAGIC_INFIX = 'sim:';
/** Words that people expect in mail addresses. */
const MAIL_WORDS: Readonly<Record<string, OutcomeName>> = {
  bounce: 'undelivered',
  complain: 'complaint',
  defer: 'throttled',
  unsubscribed: 'optout',
};

/** The table of magic addresses, for documentation and the console. */
export const MAGIC_ADDRESSES: readonly {
  outcome: OutcomeName;
  phone: string;
  mail: string;
  infix: string;
  means: string;
}[] = (Object.keys(BEHAVIOURS) as OutcomeName[]).map((outcome) => ({
  outcome,
  phone: MAGIC_PHONE + BEHAVIOURS[outcome].digits,
  mail: `${Object.keys(MAIL_WORDS).find((word) => MAIL_WORDS[word] === outcome) ?? outcome}@${MAGIC_MAIL_DOMAIN}`,
  infix: MAGIC_INFIX + outcome,
  means: BEHAVIOURS[outcome].means,
}));

const BY_PHONE = new Map(MAGIC_ADDRESSES.map(({ phone, outcome }) => [phone, outcome]));
const BY_WORD = new Map<string, OutcomeName>([
  ...MAGIC_ADDRESSES.map(({ outcome }) => [outcome, outcome] as const),
  ...Object.entries(MAIL_WORDS),
]);

/** What an address asks for; undefined where it asks for nothing. On the path of every message: about 0.04 µs. */
export function magicOutcome(address: string): OutcomeName | undefined {
  if (address.charCodeAt(0) === 43) return BY_PHONE.get(address);
  if (
    address.length > MAGIC_MAIL_DOMAIN.length &&
    address.slice(-MAGIC_MAIL_DOMAIN.length).toLowerCase() === MAGIC_MAIL_DOMAIN
  ) {
    const word = /^([a-z]+)(?:\+[^@]*)?@/i.exec(address)?.[1];
    return word === undefined ? undefined : BY_WORD.get(word.toLowerCase());
  }
  const at = address.indexOf(MAGIC_INFIX);
  if (at < 0) return undefined;
  const word = /^[a-z]+/i.exec(address.slice(at + MAGIC_INFIX.length, at + MAGIC_INFIX.length + 20))?.[0];
  return word === undefined ? undefined : BY_WORD.get(word.toLowerCase());
}

/** An address as its device is known by: mail addresses do not tell capitals apart. */
export function deviceAddress(channel: ChannelName, address: string): string {
  return channel === 'email' ? address.toLowerCase() : address;
}

const LONGEST_MS = 30 * 86_400_000;

/** Reads a script as somebody gave it: a behaviour's name, or an object with more. */
export function readScript(value: unknown, field: string): Script | Fault {
  const given = typeof value === 'string' ? { outcome: value } : value;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return fault('bad_request', `${field} must be the name of an outcome, or an object`, { field });
  const { outcome, code, class: errorClass, ...times } = given as Record<string, unknown>;
  if (typeof outcome !== 'string' || !Object.hasOwn(BEHAVIOURS, outcome))
    return broken(`${field}.outcome`, `must be one of ${Object.keys(BEHAVIOURS).join(', ')}`);
  const script: Script = { outcome: outcome as OutcomeName };
  if (code !== undefined) {
    if (typeof code !== 'string' || !/^[\w .-]{1,60}$/.test(code))
      return broken(`${field}.code`, 'must be 1 to 60 letters, digits, spaces, dots or dashes');
    script.code = code;
  }
  if (errorClass !== undefined) {
    if (!ERROR_CLASSES.includes(errorClass as ErrorClass))
      return broken(`${field}.class`, `must be one of ${ERROR_CLASSES.join(', ')}`);
    script.class = errorClass as ErrorClass;
  }
  for (const [name, ms] of Object.entries(times)) {
    if (name !== 'latencyMs' && name !== 'retryAfterMs' && name !== 'receiptAfterMs')
      return broken(`${field}.${name}`, 'is not known');
    const most = name === 'latencyMs' ? 60_000 : LONGEST_MS;
    if (typeof ms !== 'number' || !Number.isInteger(ms) || ms < 0 || ms > most)
      return broken(`${field}.${name}`, `must be a whole number of milliseconds from 0 to ${most}`);
    script[name] = ms;
  }
  return script;
}

function broken(field: string, rule: string): Fault {
  return fault('bad_request', `${field} ${rule}`, { field });
}
