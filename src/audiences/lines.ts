/**
 * People as lines of a CSV that a spreadsheet opens and an import reads again: the same columns, and what a spreadsheet would take for a
 * formula is guarded by an apostrophe, which the import takes away (`contacts/imports/columns.ts`). Pure.
 */
import { csvLine, guardedCell, guardedId } from '../base/csv.ts';
import { isoTime } from '../base/clock.ts';
import { toHex24 } from '../base/ids.ts';
import { MESSAGE_CLASSES } from '../../contract/channels.ts';
import type { Contact } from '../contacts/contacts.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import type { Destination } from '../contacts/destinations.ts';
import type { AttributeSeen } from '../contacts/walk.ts';

/** What a file's columns are: its first line, and the attributes that have one of their own. */
export type Columns = { header: string; attributes: string[] };

/** A person with all that a line says. */
type PersonOfLine = {
  contact: Contact;
  destinations: readonly Pick<Destination, 'channel' | 'address' | 'blockedClasses'>[];
  lists: Iterable<string>;
  tags: Iterable<string>;
};

/** Attributes with a column of their own. */
const MOST_COLUMNS = 100;
const FIRST = ['external_id', 'given_name', 'surname', 'phone', 'email', 'time_zone', 'locale'];
const LAST = [
  'other_attributes',
  'other_addresses',
  'lists',
  'tags',
  'may_not_be_sent',
  'created_at',
  'parley_id',
];

/** The columns of a file, by the attributes that are known. One of numbers alone says so, as an import reads it. */
export function columnsOf(seen: readonly AttributeSeen[]): Columns {
  const taken = new Set([...FIRST, ...LAST, 'id', 'name']);
  const own = seen
    .filter(({ name, types }) => !taken.has(name.toLowerCase()) && types.some((type) => SCALARS.has(type)))
    .slice(0, MOST_COLUMNS)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const headers = own.map(({ name, types: [type, more] }) =>
    !more && (type === 'number' || type === 'boolean') ? `${name}:${type}` : name,
  );
  const header = csvLine([...FIRST, ...headers, ...LAST].map(guardedCell));
  return { header, attributes: own.map(({ name }) => name) };
}

const SCALARS = new Set(['string', 'number', 'boolean']);

/** The line of a person. */
export function lineOf(person: PersonOfLine, { attributes: own }: Columns): string {
  const { contact, destinations, lists, tags } = person;
  const { externalId, givenName, surname, timeZone, locale, createdMs, attributes } = contact;
  const phone =
    destinations.find(({ channel }) => channel === 'sms') ??
    destinations.find(({ channel }) => channel === 'whatsapp');
  const email = destinations.find(({ channel }) => channel === 'email');
  const others = destinations.filter((one) => one !== phone && one !== email && one.channel !== 'push');
  const rest = Object.entries(attributes).filter(
    ([name, value]) => !own.includes(name) || (typeof value === 'object' && value !== null),
  );
  const cells = [
    givenName,
    surname,
    phone?.address,
    email?.address,
    timeZone,
    locale,
    ...own.map((name) => cellOf(attributes[name])),
    rest.length > 0 ? JSON.stringify(Object.fromEntries(rest)) : null,
    others.map(({ channel, address }) => `${channel}:${address}`).join(' '),
    [...lists].join('; '),
    [...tags].join('; '),
    destinations.flatMap(refusedOf).join('; '),
    isoTime(createdMs),
    toHex24(contact.id),
  ];
  return csvLine([guardedId(externalId), ...cells.map(guardedCell)]);
}

/** What may not be sent to an address. */
function refusedOf({ channel, address, blockedClasses }: PersonOfLine['destinations'][number]): string[] {
  const classes = MESSAGE_CLASSES.filter((name) => (blockedClasses & CLASS_BIT[name]) !== 0);
  return classes.length > 0
    ? [`${channel}:${channel === 'push' ? 'a device' : address} ${classes.join(' ')}`]
    : [];
}

/** A number stays one, of whatever sign; what is no scalar is among the others. */
function cellOf(value: unknown): string | number | null {
  if (typeof value === 'number' || typeof value === 'string') return value;
  return typeof value === 'boolean' ? String(value) : null;
}
