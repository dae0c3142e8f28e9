/**
 * What comes from outside, made fit to be kept: the one place, before anything of it reaches a statement. Nothing that somebody
 * said is dropped for one character; what only a broken or hostile sender makes that large is cut. Holds no statement.
 */
import { sha256Hex } from '../base/crypto.ts';
import { keepable } from '../base/storable.ts';
import { beginningOf } from '../base/text.ts';
import type { Inbound, Receipt } from '../channels/adapter.ts';
import { holdsMore, MOST_FACTS } from '../channels/kit/json.ts';

/** UTF-16 units. No provider of note takes more into one message; a mail's text is bounded where it is read. */
const LONGEST_TEXT = 1_000_000;
const LONGEST_NAME = 255;
/** Ids are indexed: longer ones are known by their hash. */
const LONGEST_ID = 512;
const LONGEST_ADDRESS = 1_024;
const LONGEST_CODE = 64;
const LONGEST_DETAIL = 300;
/** Facts of a channel: a form with a hundred answers has a tenth of this. Counted as JSON. */
const MOST_RAW = 64 * 1024;
const MOST_DEPTH = 16;

/** A message as it is kept. */
export function cleanInbound(message: Inbound): Inbound {
  const { externalId, from, to, text, media, raw, facts, ...rest } = message;
  return {
    ...clean(rest),
    externalId: idOf(externalId),
    from: beginningOf(keepable(from), LONGEST_ADDRESS),
    to: beginningOf(keepable(to), LONGEST_ADDRESS),
    text: beginningOf(keepable(text), LONGEST_TEXT),
    media: media.map(({ bytes, ...file }) => ({ ...clean(file), ...(bytes ? { bytes } : {}) })),
    raw: bounded(raw),
    ...(message.profileName === undefined ? {} : nameOf(message.profileName)),
    ...(message.replyTo === undefined ? {} : { replyTo: idOf(message.replyTo) }),
    ...(facts ? { facts: { kind: facts.kind, ...bounded(facts) } } : {}),
  };
}

/** A receipt as it is kept. */
export function cleanReceipt(receipt: Receipt): Receipt {
  const { externalId, code, detail, ...rest } = receipt;
  return {
    ...clean(rest),
    ...(externalId === undefined ? {} : { externalId: idOf(externalId) }),
    ...(code === undefined ? {} : { code: beginningOf(keepable(code), LONGEST_CODE) }),
    ...(detail === undefined ? {} : { detail: beginningOf(keepable(detail), LONGEST_DETAIL) }),
  };
}

function idOf(given: string): string {
  const id = keepable(given);
  return id.length <= LONGEST_ID ? id : `sha256:${sha256Hex(id)}`;
}

function nameOf(given: string): Pick<Inbound, 'profileName'> {
  const profileName = beginningOf(keepable(given), LONGEST_NAME);
  return profileName ? { profileName } : {};
}

/** Every text in a value, and every name, fit to be kept. What is nested deeper than anybody reads is left out. */
function clean<T>(value: T): T {
  return cleanAt(value, 0) as T;
}

function cleanAt(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return keepable(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MOST_DEPTH) return null;
  if (Array.isArray(value)) return value.map((entry) => cleanAt(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [keepable(name), cleanAt(entry, depth + 1)]),
  );
}

/** As much of the facts as is kept, the first of them first; `cut` says that there was more. */
function bounded(raw: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  let left = MOST_RAW;
  for (const [name, value] of Object.entries(raw)) {
    if (holdsMore(value, MOST_FACTS)) return { ...kept, cut: true };
    const fit = clean({ [name]: value });
    left -= JSON.stringify(fit).length;
    if (left < 0) return { ...kept, cut: true };
    Object.assign(kept, fit);
  }
  return kept;
}
