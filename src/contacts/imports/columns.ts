/** What the columns of an imported file mean, and one row read by them. No database. */
import { unguardedCell, unguardedId, type CsvRow } from '../../base/csv.ts';
import { breaks, type Fault, isFault } from '../../base/fault.ts';
import { isStorable } from '../../base/storable.ts';
import { normaliseEmail } from '../../content/address.ts';
import { normalisePhone } from '../../content/phone.ts';
import type { Identity } from '../keys.ts';
import { checkAttributes, checkContactChange, CONTACT_LIMITS, isInexact } from '../profile.ts';
import type { WantedPerson, Profile, WantedDestination } from '../wanted.ts';

/** What a column is. */
export type ColumnTarget =
  | { field: 'phone' | 'email' | 'externalId' | 'givenName' | 'surname' | 'timeZone' | 'locale' }
  | { attribute: string; type?: 'text' | 'number' | 'boolean' }
  | 'ignore';

/** Columns by their header as it stands in the file; headers that are not named are recognised by themselves. */
export type ColumnMapping = Readonly<Record<string, ColumnTarget>>;

/** A rule that a row breaks. `line` is that of the file on which the row ends, from 1. */
export type RowFault = { line: number; field: string; rule: string };

/** A column and what it is called in faults. */
export type Column = { header: string; target: ColumnTarget };

type Field = Extract<ColumnTarget, { field: string }>['field'];

/** A map, since a header may be called `constructor`. */
const KNOWN: ReadonlyMap<string, Field> = new Map([
  ['phone', 'phone'],
  ['phone_number', 'phone'],
  ['mobile', 'phone'],
  ['email', 'email'],
  ['email_address', 'email'],
  // Outlook's, and Google's lists of contacts.
  ['e_mail_address', 'email'],
  ['e_mail_1_value', 'email'],
  ['phone_1_value', 'phone'],
  ['external_id', 'externalId'],
  ['id', 'externalId'],
  ['user_id', 'externalId'],
  ['first_name', 'givenName'],
  ['given_name', 'givenName'],
  ['last_name', 'surname'],
  ['surname', 'surname'],
  ['timezone', 'timeZone'],
  ['time_zone', 'timeZone'],
  ['locale', 'locale'],
]);

/** What else people and other systems call these: an attribute where another column of the file is that already. */
const ALSO: ReadonlyMap<string, Field> = new Map([
  ['e_mail', 'email'],
  ['emailaddress', 'email'],
  ['phonenumber', 'phone'],
  ['telephone', 'phone'],
  ['mobile_phone', 'phone'],
  ['mobile_number', 'phone'],
  ['firstname', 'givenName'],
  ['lastname', 'surname'],
  ['family_name', 'surname'],
]);

/** More are no table of people; each costs every row. */
const MOST_COLUMNS = 1000;

/** The columns of a header, or why the file cannot be imported. */
export function columnsOf(headers: readonly string[], mapping: ColumnMapping = {}): Column[] | Fault {
  if (headers.length > MOST_COLUMNS) return breaks('header', `has more than ${MOST_COLUMNS} columns`);
  const columns = readHeaders(headers, mapping);
  const unknown = Object.keys(mapping).find((name) => !columns.some(({ header }) => header === name));
  if (unknown !== undefined) return breaks('mapping', `the file has no column ${unknown}`);
  const names = new Set<string>();
  for (const { header, target } of columns) {
    if (target === 'ignore') continue;
    if (!isStorable(header)) return breaks('header', 'has a column whose name has U+0000 in it');
    const name = 'field' in target ? target.field : `attributes.${target.attribute}`;
    if (names.has(name)) return breaks(header, `is the second column for ${name}`);
    names.add(name);
    // As JSON it would be the prototype of what it is read into, and gone.
    if ('attribute' in target && target.attribute === '__proto__')
      return breaks(header, 'is not a name that an attribute can have: rename the column, or leave it out');
    const broken = 'attribute' in target && checkAttributes({ [target.attribute]: '' }, header);
    if (broken) return broken;
  }
  if (!names.has('phone') && !names.has('email') && !names.has('externalId'))
    return breaks('header', 'must have a column phone, email or external_id');
  return columns;
}

/** Why a file cannot be imported whose header cannot be read. */
export function brokenHeader({ broken }: CsvRow): Fault {
  return breaks('header', broken ?? 'cannot be read');
}

/** What columns are taken for, by their headers alone. */
export function guessColumns(headers: readonly string[]): Column[] {
  return readHeaders(headers.slice(0, MOST_COLUMNS), {});
}

/** A header is read as a text is: a name may begin with an apostrophe of its own. */
const HEADER: ColumnTarget = { attribute: 'header' };

function readHeaders(headers: readonly string[], mapping: ColumnMapping): Column[] {
  const columns = headers.map((raw): Column => {
    const header = plainCell(raw, HEADER);
    return { header, target: Object.hasOwn(mapping, header) ? mapping[header]! : recognise(header) };
  });
  const taken = new Set(
    columns.flatMap(({ target }) => (typeof target === 'object' && 'field' in target ? target.field : [])),
  );
  return columns.map((column) => {
    const field = Object.hasOwn(mapping, column.header) ? undefined : ALSO.get(wordOf(column.header));
    if (field === undefined || taken.has(field)) return column;
    taken.add(field);
    return { ...column, target: { field } };
  });
}

function wordOf(header: string): string {
  return header
    .toLowerCase()
    .replace(/^'/, '')
    .replaceAll(/[\s-]+/g, '_');
}

function recognise(header: string): ColumnTarget {
  const field = KNOWN.get(wordOf(header));
  if (field) return { field };
  const typed = /^(.+):(number|boolean)$/.exec(header);
  if (typed) return { attribute: typed[1]!.trim(), type: typed[2] as 'number' | 'boolean' };
  return header === '' ? 'ignore' : { attribute: header };
}

/**
 * The person in a row, or the first rule that the row breaks. Empty cells say nothing; those at the end of a row may be left out,
 * or be more than the header has, as spreadsheets write them.
 */
export function personOf(
  { cells, line, broken }: CsvRow,
  columns: readonly Column[],
  of: { workspaceId: number; defaultCountry?: string | undefined },
): WantedPerson | RowFault {
  const refuse = (field: string, rule: string): RowFault => ({ line, field, rule });
  if (broken !== undefined) return refuse('row', broken);
  if (cells.length > columns.length && cells.slice(columns.length).some((cell) => cell.trim() !== ''))
    return refuse('row', `has ${cells.length} cells where the header has ${columns.length}`);
  const known: Partial<Record<Field, string>> = {};
  const attributes: Record<string, unknown> = {};
  let many = false;
  for (let i = 0; i < columns.length; i++) {
    const { header, target } = columns[i]!;
    const cell = target === 'ignore' || i >= cells.length ? '' : plainCell(cells[i]!, target);
    if (cell === '' || target === 'ignore') continue;
    if (cell.includes('\u0000')) return refuse(header, 'must not hold the NUL character');
    if ('field' in target) {
      if (NAMES.has(target.field) && SHORTENED.test(cell)) return refuse(header, NOT_WHOLE);
      known[target.field] = cell;
      continue;
    }
    const value = typed(cell, target.type);
    if (value === undefined) return refuse(header, RULE_OF_TYPE[target.type!]);
    attributes[target.attribute] = value;
    many = true;
  }
  const profile = profileOf(known, many ? attributes : undefined);
  if (isFault(profile)) return refuse(profile.field ?? 'row', ruleOf(profile));
  const reached = reachedBy(known, of.defaultCountry);
  if (isFault(reached)) return refuse(reached.field ?? 'row', ruleOf(reached));
  if (reached.identities.length === 0) return refuse('row', 'must have a phone, email or external_id');
  return { workspaceId: of.workspaceId, ...reached, profile };
}

/** What names somebody: shortened, many people have one. */
const NAMES: ReadonlySet<Field> = new Set<Field>(['phone', 'externalId']);
/** How a spreadsheet shows a number of more than eleven digits, and saves it: `4.4E+11`, `4,4E+11`. */
const SHORTENED = /^[+-]?\d(?:[.,]\d+)?E\+\d{1,3}$/;
const NOT_WHOLE = 'was shortened by a spreadsheet, and its last digits are lost: format the column as text';

/** `="00123"`, by which a spreadsheet is told that this is text. */
const AS_TEXT = /^="((?:[^"]|"")*)"$/;

/** What a cell says, without what only a spreadsheet means. */
function plainCell(cell: string, target: ColumnTarget): string {
  let plain = cell.trim();
  if (plain.startsWith('='))
    plain = plain.replace(AS_TEXT, (_, text: string) => text.replaceAll('""', '"').trim());
  if (!plain.startsWith("'")) return plain;
  return unguarded(plain, target).trim();
}

/** An apostrophe means something where people write it: in names, texts and ids. */
function unguarded(plain: string, target: ColumnTarget): string {
  if (target === 'ignore') return plain.slice(1);
  if ('attribute' in target) return target.type === 'number' ? plain.slice(1) : unguardedCell(plain);
  if (target.field === 'externalId') return unguardedId(plain);
  return target.field === 'givenName' || target.field === 'surname' ? unguardedCell(plain) : plain.slice(1);
}

const RULE_OF_TYPE = {
  text: 'must be a text',
  number: `must be a number in digits, and not a whole one beyond ${Number.MAX_SAFE_INTEGER}`,
  boolean: 'must be a boolean: true, false, yes, no, 1 or 0',
};
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function typed(cell: string, type: 'text' | 'number' | 'boolean' | undefined): unknown {
  if (type === 'number') {
    const number = DECIMAL.test(cell) ? Number(cell) : NaN;
    return Number.isFinite(number) && !isInexact(number) ? number : undefined;
  }
  if (type === 'boolean') {
    if (/^(?:true|yes|1)$/i.test(cell)) return true;
    return /^(?:false|no|0)$/i.test(cell) ? false : undefined;
  }
  return cell;
}

function profileOf(
  known: Partial<Record<Field, string>>,
  attributes: Record<string, unknown> | undefined,
): Profile | Fault {
  const profile: Profile = {};
  if (known.givenName !== undefined) profile.givenName = known.givenName;
  if (known.surname !== undefined) profile.surname = known.surname;
  if (known.timeZone !== undefined) profile.timeZone = known.timeZone;
  if (known.locale !== undefined) profile.locale = known.locale;
  if (attributes) profile.attributes = attributes;
  const checked = checkContactChange(profile, 'row');
  return isFault(checked) ? checked : profile;
}

function reachedBy(
  known: Partial<Record<Field, string>>,
  defaultCountry: string | undefined,
): { identities: Identity[]; destinations: WantedDestination[] } | Fault {
  const identities: Identity[] = [];
  const destinations: WantedDestination[] = [];
  if (known.externalId !== undefined) {
    if (known.externalId.length > CONTACT_LIMITS.externalId)
      return breaks('external_id', `needs 1 to ${CONTACT_LIMITS.externalId} characters`);
    identities.push({ kind: 'external', value: known.externalId });
  }
  if (known.phone !== undefined) {
    const phone = normalisePhone(known.phone, defaultCountry === undefined ? {} : { defaultCountry });
    if (isFault(phone)) return phone;
    identities.push({ kind: 'phone', value: phone.e164 });
    destinations.push({ channel: 'sms', integrationId: null, address: phone.e164 });
  }
  if (known.email !== undefined) {
    const email = normaliseEmail(known.email);
    if (isFault(email)) return email;
    identities.push({ kind: 'email', value: email });
    destinations.push({ channel: 'email', integrationId: null, address: email });
  }
  return { identities, destinations };
}

/** A fault's message without the path it begins with. */
function ruleOf({ message, field }: Fault): string {
  return field !== undefined && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}
