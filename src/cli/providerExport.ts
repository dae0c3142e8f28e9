/** A provider's own list as it exports it: CSV. */
import { createReadStream } from 'node:fs';
import { readCsv } from '../base/csv.ts';
import { CommandFailure } from './failure.ts';
import type { TheirList } from './heldAgainst.ts';

/** Which columns of an export say what: its id of a message, what came of it, and which rows are messages that were sent. */
type Columns = { id: string; status: string; only?: { column: string; value: RegExp } };

/** Exports that are known by their header (Twilio: “Export to CSV” of the message log; Mailgun: events). */
const KNOWN: readonly Columns[] = [
  { id: 'sid', status: 'status', only: { column: 'direction', value: /^outbound/i } },
  { id: 'message-id', status: 'event' },
  { id: 'message.headers.message-id', status: 'event' },
];

/** Reads an export. `columns` is `id=<column>,status=<column>` of one that is not known. What it is the whole of is not known. */
export function exported(file: string, columns: string | undefined): TheirList {
  return async (put) => {
    const pieces = readCsv(createReadStream(file).on('error', () => {}));
    let at:
      | { id: number; status: number; only: ((cells: readonly string[]) => boolean) | undefined }
      | undefined;
    try {
      for (let piece = await pieces.next(); !piece.done; piece = await pieces.next())
        for (const { cells } of piece.value) {
          if (!at) at = columnsIn(cells, columns);
          else if (at.only?.(cells) !== false)
            await put({ id: cells[at.id] ?? '', status: (cells[at.status] ?? '').toLowerCase() });
        }
    } catch (error) {
      if ((error as { code?: string }).code === undefined) throw error;
      throw new CommandFailure(`${file} cannot be read: ${(error as Error).message}`, 2);
    }
    if (!at) throw new CommandFailure(`${file} is empty.`, 2);
    return undefined;
  };
}

function columnsIn(header: readonly string[], given: string | undefined) {
  const names = header.map((name) => name.trim().toLowerCase());
  const has = (column: string) => names.includes(column);
  const chosen =
    given === undefined ? KNOWN.find(({ id, status }) => has(id) && has(status)) : readColumns(given);
  if (!chosen || !has(chosen.id) || !has(chosen.status))
    throw new CommandFailure(
      `Which of its columns are the provider's id and the status? Say --columns id=<column>,status=<column>; there are: ${header.join(', ')}`,
      2,
    );
  const { only } = chosen;
  const filter = only && has(only.column) ? names.indexOf(only.column) : -1;
  return {
    id: names.indexOf(chosen.id),
    status: names.indexOf(chosen.status),
    only: filter < 0 ? undefined : (cells: readonly string[]) => only!.value.test(cells[filter] ?? ''),
  };
}

function readColumns(text: string): Columns {
  const pairs = new Map(
    text
      .split(',')
      .map((pair) => pair.split('=').map((part) => part.trim().toLowerCase()) as [string, string]),
  );
  return { id: pairs.get('id') ?? '', status: pairs.get('status') ?? '' };
}
