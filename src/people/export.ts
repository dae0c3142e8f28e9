/**
 * Everything Parley keeps about one person, as one document: what each room declares of its tables (`exports` in its `room.ts`),
 * row by row. Ids and times are written as the APIs write them. Changes nothing.
 */
import { isoTime } from '../base/clock.ts';
import { toHex24 } from '../base/ids.ts';
import { offsetTime } from '../base/microseconds.ts';
import { idsOfPerson } from '../contacts/contacts.ts';
import { conversationsOf } from '../conversations/conversations.ts';
import type { Db } from '../db/pool.ts';
import type { Room } from '../db/room.ts';
import { selectRowsNaming } from './sql.ts';

/** Rows by room and table. */
type Exported = Record<string, Record<string, Record<string, unknown>[]>>;

/** The document of a contact and all that were merged into it; undefined when there is none. */
export async function exportPerson(
  db: Db,
  rooms: readonly Room[],
  person: { workspaceId: number; contactId: number },
): Promise<Exported | undefined> {
  const contactIds = await idsOfPerson(db, person.workspaceId, person.contactId);
  if (!contactIds) return undefined;
  const conversations = await conversationsOf(db, contactIds);
  const idsOf = {
    contact: contactIds,
    conversation: [...new Set([...conversations.values()].map(({ id }) => id))],
  };
  const exported: Exported = {};
  for (const { name, exports = {} } of rooms)
    for (const [table, of] of Object.entries(exports)) {
      if ('not' in of) continue;
      const { by, column, hasBucket = true, inWorkspace, parts } = of;
      const where = { table, column, hasBucket, workspaceId: inWorkspace ? person.workspaceId : null };
      const rows = idsOf[by].length > 0 ? await selectRowsNaming(db, where, idsOf[by]) : [];
      (exported[name] ??= {})[table] = (parts ? rows.flatMap(parts) : rows).map(presentRow);
    }
  return exported;
}

/** Where a row is kept says nothing of the person. */
const OF_THE_STORE: ReadonlySet<string> = new Set(['bucket', 'hash', 'lane']);

/** A row in the words of the APIs: `created_ms` is `createdAt`, as is `created_us`, ids are 24 hex digits. */
export function presentRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !OF_THE_STORE.has(name))
      .map(([name, value]) => {
        if (name.endsWith('_ms') && (typeof value === 'number' || value === null))
          return [camel(`${name.slice(0, -3)}_at`), value === null ? null : isoTime(value)];
        if (name.endsWith('_us') && (typeof value === 'number' || value === null))
          return [camel(`${name.slice(0, -3)}_at`), value === null ? null : offsetTime(value, 0)];
        const isId = (name === 'id' || name.endsWith('_id')) && typeof value === 'number';
        return [camel(name), isId ? toHex24(value) : value];
      }),
  );
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
