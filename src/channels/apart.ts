/**
 * Callbacks that hold what a stranger wrote, and large ones, parsed in a thread of their own: a mail of 25 MB that is made to be slow, or
 * JSON of a tenant's, must not keep everybody else waiting while it is taken apart. What small ones are parsed there is each adapter's to
 * say (`parsedApart`).
 */
import { createApart, type Apart } from '../base/apart.ts';
import type { Adapter, Callback, CallbackAnswer, CallbackRequest, Settings } from './adapter.ts';

/** What goes into the thread: which function of which module, and what it gets. The body is given away with it. */
export type ApartRequest = {
  module: string;
  receive: string;
  request: Omit<CallbackRequest, 'body'>;
  body: Uint8Array;
  settings: Settings;
};

/** The largest mail takes half a second of an idle processor; a machine that is full gets a multiple of it. */
const DEADLINE_MS = 20_000;
const HEAP_MB = 256;
/** What is no larger is read within a few milliseconds, whatever is in it. */
const LARGE_BYTES = 64 * 1024;

let thread: Apart<ApartRequest, Callback> | undefined;

/** What a callback says, or that it could not be read now: then nothing is taken, and whoever calls is asked to come again. */
type Heard = Callback | { kind: 'unread'; detail: string; answer: CallbackAnswer };

/** An adapter that takes callbacks. */
export type Hearing = Adapter & Required<Pick<Adapter, 'receive'>>;

/** Whether a provider ever calls. */
export function hears(adapter: Adapter | undefined): adapter is Hearing {
  return adapter?.receive !== undefined;
}

/** Verifies and parses a callback where that is to be done. `whose` is the workspace, each of which has its turns. */
export async function hear(
  adapter: Hearing,
  request: CallbackRequest,
  settings: Settings,
  whose: number,
): Promise<Heard> {
  const { parsedApart } = adapter;
  const isApart = parsedApart?.purposes.includes(request.purpose) || request.body.length > LARGE_BYTES;
  if (!parsedApart || !isApart) return adapter.receive(request, settings);
  thread ??= createApart<ApartRequest, Callback>(new URL('callbackThread.ts', import.meta.url), {
    deadlineMs: DEADLINE_MS,
    heapMb: HEAP_MB,
  });
  const { body: given, ...rest } = request;
  // Small bodies are views of memory that others use, too: what is given away must be its own.
  const body = new Uint8Array(given);
  const input = {
    module: parsedApart.module.href,
    receive: adapter.receive.name,
    request: rest,
    body,
    settings,
  };
  const result = await thread.run(input, whose, [body.buffer]);
  if (result.kind === 'done') return result.value;
  const detail = result.kind === 'late' ? `not read within ${DEADLINE_MS} ms` : result.error.message;
  return { kind: 'unread', detail, answer: AGAIN };
}

const AGAIN: CallbackAnswer = {
  status: 503,
  contentType: 'text/plain',
  body: 'could not be read now; please try again',
};
