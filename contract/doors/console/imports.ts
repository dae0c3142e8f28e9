/** `…/imports`: a file of contacts that is uploaded, looked at, and read in the background. */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { Name, pageOf } from './fields.ts';

/** What columns are: by their headers, as in `POST …/contacts/import`. */
const Mapping = AnyObject;
const Country = Type.String({ pattern: '^[A-Z]{2}$', rule: 'must be a country code of two capital letters' });
/** `POST …/imports/{id}/preview`. */
export const ImportLook = Type.Object({ mapping: Type.Optional(Mapping), country: Type.Optional(Country) });
/** `POST …/imports/{id}/start`. */
export const ImportStart = Type.Object({
  mapping: Type.Optional(Mapping),
  country: Type.Optional(Country),
  listId: Type.Optional(Id),
  tags: Type.Optional(Type.Array(Name, { maxItems: 20 })),
  /** What becomes of its contacts may set campaigns off; the number of its rows, so that whoever says so knows how many they are. */
  setsOff: Type.Optional(Count),
});

/** Why somebody stays whom an import made: what was done with them since. */
export const STAY_REASONS = ['changed', 'address', 'list', 'import', 'used'] as const;

const undo = Type.Object({
  state: oneOf(['running', 'done', 'failed'] as const),
  /** People who were gone through, of how many at most. */
  done: Count,
  of: Count,
  /** Contacts that are gone, as nothing was done with them since. */
  removed: Count,
  /** Memberships of lists and tags that are gone of people who stay. */
  memberships: Count,
  stayed: Type.Array(Type.Object({ why: oneOf(STAY_REASONS), people: Count })),
  /** Some of those. */
  some: Type.Array(Type.Object({ contactId: Id, why: oneOf(STAY_REASONS) })),
  /** Why it waits, or why it failed. */
  note: orNull(Type.String()),
});

const place = { field: Type.String(), rule: Type.String() };
const fault = Type.Object({ line: Count, ...place });
/** An import. rows = created + updated + rejected, when it is done. */
export const ImportShown = Type.Object({
  id: Id,
  /** What the file is called. */
  name: Type.String(),
  state: oneOf(['uploading', 'ready', 'running', 'done', 'failed'] as const),
  /** In the file. */
  rows: Count,
  doneRows: Count,
  created: Count,
  updated: Count,
  rejected: Count,
  /** Where the file could be read no further, and why. */
  stopped: orNull(Type.Object({ line: Count, reason: Type.String() })),
  /** Why it failed. */
  note: orNull(Type.String()),
  createdAt: Time,
  endedAt: orNull(Time),
  /** What it made is known, and was not taken back yet. */
  canUndo: Type.Boolean(),
  /** How far taking it back is. */
  undo: orNull(undo),
});
export type ImportShown = Static<typeof ImportShown>;
/** Imports, newest first. */
export const ImportPage = pageOf('imports', ImportShown);

/** What a column is: a field, an attribute, or nothing that is kept. */
const ColumnTarget = Type.Union([
  Type.Literal('ignore'),
  Type.Object({ field: Type.String() }),
  Type.Object({
    attribute: Type.String(),
    type: Type.Optional(oneOf(['text', 'number', 'boolean'] as const)),
  }),
]);
/** What an import would do: its columns and its first rows, with what is wrong with each. */
export const ImportPreviewShown = Type.Object({
  columns: Type.Array(Type.Object({ header: Type.String(), target: ColumnTarget })),
  /** Why it cannot be begun so. */
  fault: orNull(Type.Object(place)),
  rows: Type.Array(
    Type.Object({ line: Count, cells: Type.Array(Type.String()), fault: orNull(Type.Object(place)) }),
  ),
});
export type ImportPreviewShown = Static<typeof ImportPreviewShown>;
/** Why rows were rejected, in the order of the file; `next` is a line. */
export const ImportFaults = Type.Object({ faults: Type.Array(fault), next: orNull(Count) });
export type ImportFaults = Static<typeof ImportFaults>;
