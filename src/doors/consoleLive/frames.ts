/** Reads what a page sends: total, every text is a frame or none. */
import type { ConsoleClientFrame, Presence } from '../../../contract/consoleLive.ts';
import { fromHex24 } from '../../base/ids.ts';

const MOST_CURSOR = 64;

/** A frame whose ids are ours. */
type ReadConsoleFrame =
  | Extract<ConsoleClientFrame, { type: 'hello' }>
  | { type: 'present'; conversationId: number; as: Presence };

/** The frame in a text; undefined when it is none. */
export function readConsoleFrame(text: string): ReadConsoleFrame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const frame = value as Record<string, unknown>;
  if (frame['type'] === 'hello') return readHello(frame);
  return frame['type'] === 'present' ? readPresent(frame) : undefined;
}

function readHello({ version, cursor }: Record<string, unknown>): ReadConsoleFrame | undefined {
  if (typeof version !== 'number') return undefined;
  if (cursor === undefined) return { type: 'hello', version };
  return typeof cursor === 'string' && cursor.length <= MOST_CURSOR
    ? { type: 'hello', version, cursor }
    : undefined;
}

function readPresent({ conversationId, as }: Record<string, unknown>): ReadConsoleFrame | undefined {
  const id = typeof conversationId === 'string' ? fromHex24(conversationId) : undefined;
  const isPresence = as === 'looking' || as === 'typing' || as === null;
  return id !== undefined && isPresence ? { type: 'present', conversationId: id, as } : undefined;
}
