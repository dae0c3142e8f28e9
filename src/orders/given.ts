/**
 * Reads an order as somebody tells it: every rule that can be told without the store. Names of fields are the caller's own, so that a
 * fault names what was written. Pure but for the readings of the clock that "now" asks for.
 */
import { readInstant } from '../base/microseconds.ts';
import { breaks, isFault, type Fault } from '../base/fault.ts';
import { isStorable, isStorableJson } from '../base/storable.ts';
import { checkAttributes } from '../contacts/profile.ts';
import { normaliseEmail } from '../content/address.ts';
import { normalisePhone } from '../content/phone.ts';
import { offsetAt } from '../base/zones.ts';
import { isCurrency } from './money.ts';
import {
  isUnderWay,
  ORDER_DATES,
  ORDER_LIMITS,
  SHIPPING_STATES,
  type LineItem,
  type OrderDate,
  type ShippingState,
} from './order.ts';

/** What may be told of an order; null takes away what was there. Values are as they came, of any type. */
export type OrderField =
  | 'invoicedAt'
  | 'paidAt'
  | 'shippedAt'
  | 'refundedAt'
  | 'description'
  | 'profileId'
  | 'profileName'
  | 'profileEmail'
  | 'profilePhone'
  | 'shippingAddress'
  | 'lineItems'
  | 'totalCents'
  | 'currency'
  | 'isQuiet'
  | 'reference'
  | 'metadata'
  | 'shippingLink'
  | 'shippingState'
  | 'shippingSource';
/** Fields of a line. */
export type LineField = keyof LineItem;

/** An order as it was told, by our names of its fields. */
export type OrderGiven = Partial<Record<OrderField, unknown>>;

/** Where it was told, and in which words. */
export type ReadingOrder = {
  /** What the caller calls a field, with the path to it. */
  path: (field: OrderField) => string;
  linePath: (at: number, field?: LineField) => string;
  /** What a line's fields are called. */
  lineName: (field: LineField) => string;
  country: string;
  timeZone: string;
  /** Of an order that names none. */
  currency: string;
  /** The clock of the workspace, unix microseconds, later at each reading. */
  nowUs: () => number;
};

/** What is told of an order, read: only what was given is there. */
export type OrderRead = {
  dates: Partial<Record<OrderDate, number | null>>;
  profileId?: number;
  lineItems?: readonly LineItem[];
  totalCents?: number | null;
  currency?: string;
  isQuiet?: boolean;
  metadata?: Record<string, unknown> | null;
  shippingState?: ShippingState | null;
  /** What is told of the parcel says that it is on its way: it shipped now, unless somebody says when, or it has already. */
  isUnderWay?: boolean;
} & Partial<Record<TextField, string | null>>;

type TextField =
  | 'description'
  | 'profileName'
  | 'profileEmail'
  | 'profilePhone'
  | 'shippingAddress'
  | 'reference'
  | 'shippingLink'
  | 'shippingSource';

const DATE_FIELDS: Readonly<Record<OrderDate, OrderField>> = {
  invoiced: 'invoicedAt',
  paid: 'paidAt',
  shipped: 'shippedAt',
  refunded: 'refundedAt',
};

const MOST_CENTS = Number.MAX_SAFE_INTEGER;
/** A line of more pieces is a mistake, and the figure is printed with one decimal at least. */
const MOST_QUANTITY = 1e12;
/** Year 1 AD to 9999 can be written; what a customer bought lies between these. */
const EARLIEST_US = 0;
const LATEST_US = Date.UTC(2200, 0, 1) * 1000;

/** The order in what was told, or the first rule it breaks. */
export function readOrder(given: OrderGiven, how: ReadingOrder): OrderRead | Fault {
  const read: OrderRead = { dates: {} };
  for (const one of [readDates, readTexts, readPerson, readFigures, readParcel]) {
    const odd = one(given, how, read);
    if (odd) return odd;
  }
  return read;
}

type Part = (given: OrderGiven, how: ReadingOrder, read: OrderRead) => Fault | undefined;

const readDates: Part = (given, how, read) => {
  // In the order in which things happen, so that of two that are now the later one has the later microsecond.
  for (const date of ORDER_DATES.toReversed()) {
    const value = given[DATE_FIELDS[date]];
    if (value === undefined) continue;
    const us = value === null ? null : instantIn(value, how.path(DATE_FIELDS[date]), how);
    if (isFault(us)) return us;
    read.dates[date] = us;
  }
  return undefined;
};

/** `now`, or an instant by ISO 8601; without a zone it is on the workspace's wall. */
function instantIn(value: unknown, path: string, { nowUs, timeZone }: ReadingOrder): number | Fault {
  const rule = 'must be "now" or a date and time by ISO 8601, such as 2023-06-21T22:06:02-06:00';
  if (typeof value !== 'string') return breaks(path, rule);
  if (value.trim().toLowerCase() === 'now') return nowUs();
  const read = readInstant(value);
  if (!read) return breaks(path, rule);
  const { wallUs, offsetMinutes } = read;
  const us = offsetMinutes === undefined ? onWall(wallUs, timeZone) : wallUs - offsetMinutes * 60_000_000;
  return us >= EARLIEST_US && us < LATEST_US ? us : breaks(path, 'must lie between the years 1970 and 2200');
}

/** The instant at which a wall shows this; in an hour that it shows twice, the first. */
function onWall(wallUs: number, timeZone: string): number {
  const wallMs = Math.floor(wallUs / 1000);
  const before = offsetAt(timeZone, wallMs - 86_400_000);
  const after = offsetAt(timeZone, wallMs + 86_400_000);
  const right = [Math.max(before, after), Math.min(before, after)].find(
    (offset) => offsetAt(timeZone, wallMs - offset) === offset,
  );
  return wallUs - (right ?? before) * 1000;
}

const TEXTS: readonly { field: TextField & OrderField; most: number }[] = [
  { field: 'description', most: ORDER_LIMITS.description },
  { field: 'profileName', most: ORDER_LIMITS.name },
  { field: 'shippingAddress', most: ORDER_LIMITS.address },
  { field: 'reference', most: ORDER_LIMITS.reference },
  { field: 'shippingSource', most: ORDER_LIMITS.shippingSource },
];

const readTexts: Part = (given, how, read) => {
  for (const { field, most } of TEXTS) {
    // Ids of other systems are often numbers there.
    const value = given[field];
    const told = field === 'reference' && typeof value === 'number' ? String(value) : value;
    if (told === undefined) continue;
    if (told === null || (typeof told === 'string' && told.trim() === '')) {
      read[field] = null;
      continue;
    }
    if (typeof told !== 'string' || told.length > most || !isStorable(told))
      return breaks(how.path(field), `must be a text of 1 to ${most} characters`);
    read[field] = told;
  }
  return undefined;
};

const readPerson: Part = ({ profileId, profileEmail, profilePhone }, how, read) => {
  if (profileId !== undefined && profileId !== null) {
    const id = typeof profileId === 'string' && /^\d{1,16}$/.test(profileId) ? Number(profileId) : profileId;
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 1)
      return breaks(how.path('profileId'), 'must be the id of a profile, a whole number');
    read.profileId = id;
  }
  if (isGiven(profileEmail)) {
    const email = normaliseEmail(profileEmail, how.path('profileEmail'));
    if (isFault(email)) return email;
    read.profileEmail = email;
  } else if (profileEmail !== undefined) read.profileEmail = null;
  if (isGiven(profilePhone)) {
    const phone = normalisePhone(profilePhone, {
      path: how.path('profilePhone'),
      defaultCountry: how.country,
    });
    if (isFault(phone)) return phone;
    read.profilePhone = phone.e164;
  } else if (profilePhone !== undefined) read.profilePhone = null;
  return undefined;
};

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
}

const readFigures: Part = (given, how, read) => {
  const { totalCents, currency, isQuiet, metadata, lineItems } = given;
  if (currency !== undefined && currency !== null) {
    const code = currencyIn(currency, how.path('currency'));
    if (isFault(code)) return code;
    read.currency = code;
  }
  if (totalCents !== undefined) {
    const cents = totalCents === null ? null : centsIn(totalCents, how.path('totalCents'));
    if (isFault(cents)) return cents;
    read.totalCents = cents;
  }
  if (isQuiet !== undefined && isQuiet !== null) {
    if (typeof isQuiet !== 'boolean') return breaks(how.path('isQuiet'), 'must be true or false');
    read.isQuiet = isQuiet;
  }
  if (metadata !== undefined) {
    const odd = metadata === null ? undefined : oddMetadata(metadata, how.path('metadata'));
    if (odd) return odd;
    read.metadata = metadata as Record<string, unknown> | null;
  }
  if (lineItems === undefined) return undefined;
  const lines = linesIn(lineItems, how, read.currency ?? how.currency);
  if (isFault(lines)) return lines;
  read.lineItems = lines;
  return undefined;
};

function oddMetadata(value: unknown, path: string): Fault | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return breaks(path, 'must be an object');
  return (
    checkAttributes(value as Record<string, unknown>, path, ORDER_LIMITS.metadataBytes) ??
    (isStorableJson(value)
      ? undefined
      : breaks(path, 'must not hold the character U+0000 or half a surrogate pair'))
  );
}

function linesIn(value: unknown, how: ReadingOrder, currency: string): LineItem[] | Fault {
  const path = how.path('lineItems');
  if (value === null) return [];
  if (!Array.isArray(value) || value.length > ORDER_LIMITS.lineItems)
    return breaks(path, `must be a list of at most ${ORDER_LIMITS.lineItems} lines`);
  const lines: LineItem[] = [];
  for (const [i, line] of value.entries()) {
    const read = lineIn(line, i, how, currency);
    if (isFault(read)) return read;
    lines.push(read);
  }
  return lines;
}

function lineIn(line: unknown, i: number, how: ReadingOrder, currency: string): LineItem | Fault {
  if (typeof line !== 'object' || line === null || Array.isArray(line))
    return breaks(how.linePath(i), 'must be an object');
  const at = (field: LineField) => how.linePath(i, field);
  const given = (field: LineField) => (line as Record<string, unknown>)[how.lineName(field)];
  const name = given('name');
  if (typeof name !== 'string' || !name.trim() || name.length > ORDER_LIMITS.itemName || !isStorable(name))
    return breaks(at('name'), `must be a text of 1 to ${ORDER_LIMITS.itemName} characters`);
  const quantity = given('quantity') ?? 1;
  if (typeof quantity !== 'number' || !(quantity >= 0 && quantity <= MOST_QUANTITY))
    return breaks(at('quantity'), `must be a number from 0 to ${MOST_QUANTITY}`);
  const codes = (['eachPriceCurrency', 'priceCurrency'] as const).map((field) =>
    isGiven(given(field)) ? currencyIn(given(field), at(field)) : currency,
  );
  const cents = (['eachPriceCents', 'priceCents'] as const).map((field) =>
    isGiven(given(field)) ? centsIn(given(field), at(field)) : undefined,
  );
  const odd = [...codes, ...cents].find(isFault);
  if (odd) return odd;
  const [eachPriceCurrency, priceCurrency] = codes as [string, string];
  const [each, price] = cents as (number | undefined)[];
  if (each === undefined && price === undefined)
    return breaks(at('priceCents'), `is required, or ${how.lineName('eachPriceCents')}`);
  const eachPriceCents = each ?? Math.round(price! / (quantity || 1));
  const priceCents = price ?? Math.round(each! * quantity);
  if (!Number.isSafeInteger(priceCents)) return breaks(at('priceCents'), 'is too large');
  if (!Number.isSafeInteger(eachPriceCents)) return breaks(at('eachPriceCents'), 'is too large');
  return { name, quantity, eachPriceCents, eachPriceCurrency, priceCents, priceCurrency };
}

function centsIn(value: unknown, path: string): number | Fault {
  return typeof value === 'number' && Number.isSafeInteger(value)
    ? value
    : breaks(path, `must be a whole number of cents, at most ${MOST_CENTS}`);
}

function currencyIn(value: unknown, path: string): string | Fault {
  const code = typeof value === 'string' ? value.trim().toUpperCase() : '';
  return isCurrency(code) ? code : breaks(path, 'must be a currency of ISO 4217, such as USD');
}

const readParcel: Part = ({ shippingLink, shippingState }, how, read) => {
  if (shippingLink !== undefined) {
    const isLink = (text: unknown): text is string =>
      typeof text === 'string' &&
      text.length <= ORDER_LIMITS.link &&
      isStorable(text) &&
      /^https?:\/\//i.test(text) &&
      URL.canParse(text);
    if (isGiven(shippingLink) && !isLink(shippingLink))
      return breaks(
        how.path('shippingLink'),
        `must be a URL that begins with http, of at most ${ORDER_LIMITS.link} characters`,
      );
    read.shippingLink = isGiven(shippingLink) ? (shippingLink as string) : null;
  }
  if (shippingState !== undefined) {
    if (isGiven(shippingState) && !(SHIPPING_STATES as readonly unknown[]).includes(shippingState))
      return breaks(how.path('shippingState'), `must be one of ${SHIPPING_STATES.join(', ')}`);
    read.shippingState = isGiven(shippingState) ? (shippingState as ShippingState) : null;
  }
  read.isUnderWay = isUnderWay(read);
  return undefined;
};
