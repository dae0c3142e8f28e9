/**
 * The codes of short links: derived, never drawn and never stored, so that making one twice gives the same text, and a link in
 * a broadcast needs no row per recipient. A code is what it stands for, enciphered under a key of this install, as a whole: to
 * whoever has not the key each code is as good as random. Holds no statement.
 *
 *     11 characters: cause and position; the link's row says for whom it is (single messages)
 *     19 characters: cause, position and contact (broadcasts)
 *
 * Why a guess is hopeless: of 2^64 short codes those lead anywhere whose cause has a link; with ten million links that live,
 * one guess in 2^41 meets one. Of 2^112 long codes, both the cause and the contact must be there: one in 2^60 or less. The
 * door bounds guesses besides (doors/pages/guard.ts).
 */
import { createCipheriv, hkdfSync } from 'node:crypto';
import { isId } from '../base/ids.ts';

/** What a code stands for; without `contactId` the link's row tells whom it is for. */
type CodeParts = { causeId: number; position: number; contactId?: number };

/** Makes and reads codes. */
export type LinkCodes = {
  /** Codes of links that are for one person. */
  own(links: readonly { causeId: number; position: number }[]): string[];
  /** The codes of one link of a broadcast for many of its recipients: 1.7 µs each in batches, 9 µs one by one. */
  shared(causeId: number, position: number, contactIds: readonly number[]): string[];
  /** What a code stands for; undefined when it is none of ours. */
  read(code: string): CodeParts | undefined;
};

/** Links of one cause that can be told apart. */
export const MOST_LINKS = 64;

const OWN = { half: 4, length: 11 };
const SHARED = { half: 7, length: 19 };
/** As many as NIST SP 800-38G has for its Feistel network (FF1). */
const ROUNDS = 10;
const BLOCK = 16;
const ID_BITS = 53n;
const POSITION_BITS = 6n;

/** The codes of an install. */
export function linkCodes(secret: string): LinkCodes {
  const key = Buffer.from(hkdfSync('sha256', secret, 'parley', 'links-1', 32));
  // One block at a time needs no state between calls, so that one cipher serves for ever.
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const scramble = (data: Uint8Array, half: number, inverse: boolean) =>
    feistel((blocks) => cipher.update(blocks), data, half, inverse);
  const seal = (values: readonly bigint[], { half, length }: typeof OWN): string[] => {
    const data = new Uint8Array(values.length * half * 2);
    values.forEach((value, i) => writeNumber(data, i * half * 2, half * 2, value));
    scramble(data, half, false);
    return values.map((_, i) => toBase62(readNumber(data, i * half * 2, half * 2), length));
  };
  const open = (code: string, { half, length }: typeof OWN): bigint | undefined => {
    const value = code.length === length ? fromBase62(code) : undefined;
    if (value === undefined || value >> BigInt(half * 16) !== 0n) return undefined;
    const data = new Uint8Array(half * 2);
    writeNumber(data, 0, half * 2, value);
    scramble(data, half, true);
    return readNumber(data, 0, half * 2);
  };
  return {
    own: (links) =>
      seal(
        links.map(({ causeId, position }) => packed(causeId, position)),
        OWN,
      ),
    shared(causeId, position, contactIds) {
      const high = packed(causeId, position) << ID_BITS;
      return seal(
        contactIds.map((contactId) => high | BigInt(contactId)),
        SHARED,
      );
    },
    read(code) {
      const own = open(code, OWN);
      if (own !== undefined) return partsOf(own);
      const shared = open(code, SHARED);
      if (shared === undefined) return undefined;
      const contactId = Number(BigInt.asUintN(Number(ID_BITS), shared));
      const parts = partsOf(shared >> ID_BITS);
      return parts && isId(contactId) ? { ...parts, contactId } : undefined;
    },
  };
}

function packed(causeId: number, position: number): bigint {
  if (!isId(causeId) || !Number.isInteger(position) || position < 0 || position >= MOST_LINKS)
    throw new RangeError(`no link can be at ${causeId}/${position}`);
  return (BigInt(causeId) << POSITION_BITS) | BigInt(position);
}

function partsOf(number: bigint): CodeParts | undefined {
  const causeId = Number(number >> POSITION_BITS);
  return isId(causeId)
    ? { causeId, position: Number(BigInt.asUintN(Number(POSITION_BITS), number)) }
    : undefined;
}

/**
 * A permutation of texts of two halves each, many at once: in turn each half is mixed with a keyed function of the other.
 * Backwards it is the same in the opposite order.
 */
function feistel(
  encrypt: (blocks: Uint8Array) => Uint8Array,
  data: Uint8Array,
  half: number,
  inverse: boolean,
): void {
  const count = data.length / (half * 2);
  const blocks = new Uint8Array(count * BLOCK);
  for (let step = 0; step < ROUNDS; step++) {
    const round = inverse ? ROUNDS - 1 - step : step;
    const from = round % 2 ? 0 : half;
    const to = half - from;
    for (let i = 0; i < count; i++) {
      const block = i * BLOCK;
      const source = i * half * 2 + from;
      // Two lengths of code never share a block.
      blocks[block] = round;
      blocks[block + 1] = half;
      for (let b = 0; b < half; b++) blocks[block + 8 + b] = data[source + b]!;
    }
    const mixed = encrypt(blocks);
    for (let i = 0; i < count; i++) {
      const target = i * half * 2 + to;
      for (let b = 0; b < half; b++) data[target + b]! ^= mixed[i * BLOCK + b]!;
    }
  }
}

function writeNumber(data: Uint8Array, at: number, bytes: number, value: bigint): void {
  let rest = value;
  for (let i = at + bytes - 1; i >= at; i--) {
    data[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

function readNumber(data: Uint8Array, at: number, bytes: number): bigint {
  let hex = '0x';
  for (let i = at; i < at + bytes; i++) hex += (data[i]! + 256).toString(16).slice(1);
  return BigInt(hex);
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const VALUE = new Map(Array.from(DIGITS, (digit, value) => [digit, value]));
/** Digits that a number without loss can hold; longer texts are taken in parts. */
const PART = 8;
const PART_VALUE = 62n ** BigInt(PART);

function toBase62(value: bigint, length: number): string {
  let text = '';
  let rest = value;
  while (text.length < length) {
    let part = Number(rest % PART_VALUE);
    rest /= PART_VALUE;
    for (let i = 0; i < PART && text.length < length; i++) {
      text = DIGITS[part % 62]! + text;
      part = Math.floor(part / 62);
    }
  }
  return text;
}

function fromBase62(text: string): bigint | undefined {
  let value = 0n;
  for (const character of text) {
    const digit = VALUE.get(character);
    if (digit === undefined) return undefined;
    value = value * 62n + BigInt(digit);
  }
  return value;
}
