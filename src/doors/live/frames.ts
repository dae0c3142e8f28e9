/** Reads what a client sends: total, every text is a frame or the reason why it is none. */
import type { Content } from '../../../contract/content.ts';
import type { ClientFrame } from '../../../contract/live.ts';
import { parseExact } from '../../base/exactJson.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { inexact } from '../kit/body.ts';
import { checkContent } from '../../content/check.ts';

/** What a person can say: the rest is for the business, or for providers. */
const SAYABLE: readonly Content['type'][] = ['text', 'image', 'file', 'location', 'formResponse'];
/** Most messages confirmed at once. */
const MOST_IDS = 200;
const MOST_CURSOR = 4_096;
const MOST_TOKEN = 8_192;

/** A frame whose ids are ours. `broken` names what a `say` breaks: it is refused, and the connection goes on. */
export type ReadFrame =
  | Exclude<ClientFrame, { type: 'got' | 'read' | 'say' }>
  | { type: 'say'; clientId: string; content: Content }
  | { type: 'broken'; clientId: string; fault: Fault }
  | { type: 'got'; messageIds: number[] }
  | { type: 'read'; upTo: number };

/** The frame in a text, or what is wrong with it, in words. */
export function readFrame(text: string): ReadFrame | string {
  let value: unknown;
  try {
    const read = parseExact(text);
    if ('inexact' in read) return inexact(read.inexact).message;
    value = read.value;
  } catch {
    return 'a frame must be JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'a frame must be a JSON object';
  return readObject(value as Record<string, unknown>);
}

function readObject(frame: Record<string, unknown>): ReadFrame | string {
  switch (frame['type']) {
    case 'hello':
      return readHello(frame);
    case 'say':
      return readSay(frame);
    case 'start':
      return isClientId(frame['clientId']) ? { type: 'start', clientId: frame['clientId'] } : BAD_CLIENT_ID;
    case 'typing':
      return typeof frame['on'] === 'boolean'
        ? { type: 'typing', on: frame['on'] }
        : 'on: must be true or false';
    case 'got':
      return readGot(frame['messageIds']);
    case 'read': {
      const upTo = idOf(frame['upTo']);
      return upTo === undefined ? 'upTo: must be the id of a message' : { type: 'read', upTo };
    }
    case 'history': {
      const beforeMs = frame['beforeMs'];
      return Number.isSafeInteger(beforeMs) && (beforeMs as number) >= 0
        ? { type: 'history', beforeMs: beforeMs as number }
        : 'beforeMs: must be unix milliseconds';
    }
    default:
      return 'type: must be hello, say, start, typing, got, read or history';
  }
}

function readHello({ version, token, cursor }: Record<string, unknown>): ReadFrame | string {
  if (typeof version !== 'number') return 'version: must be a number';
  if (typeof token !== 'string' || token.length > MOST_TOKEN) return 'token: is required';
  if (cursor === undefined) return { type: 'hello', version, token };
  return typeof cursor === 'string' && cursor.length <= MOST_CURSOR
    ? { type: 'hello', version, token, cursor }
    : 'cursor: must be one that the server gave';
}

const BAD_CLIENT_ID = 'clientId: must be 1 to 64 letters, digits, - or _';

function isClientId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

function readSay({ clientId, content: given }: Record<string, unknown>): ReadFrame | string {
  if (!isClientId(clientId)) return BAD_CLIENT_ID;
  const content = checkContent(given, 'content');
  if (isFault(content)) return { type: 'broken', clientId, fault: content };
  if (!SAYABLE.includes(content.type)) {
    const rule = `must be one of ${SAYABLE.join(', ')}`;
    const field = 'content.type';
    return {
      type: 'broken',
      clientId,
      fault: { fault: 'bad_request', message: `${field}: ${rule}`, field },
    };
  }
  return { type: 'say', clientId, content };
}

function readGot(given: unknown): ReadFrame | string {
  const ids = Array.isArray(given) && given.length <= MOST_IDS ? given.map(idOf) : [undefined];
  return ids.every((id) => id !== undefined)
    ? { type: 'got', messageIds: ids }
    : `messageIds: must be at most ${MOST_IDS} ids of messages`;
}

function idOf(value: unknown): number | undefined {
  return typeof value === 'string' ? fromHex24(value) : undefined;
}
