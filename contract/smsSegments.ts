/**
 * How many SMS a text takes (3GPP TS 23.038 §6.2.1 for the alphabets, TS 23.040 §9.2.3.24.1 for concatenation).
 * What takes two units, an escaped character or a surrogate pair, is never split between two segments.
 */

/** `units` are septets in GSM-7 and UTF-16 units in UCS-2. */
export type Segments = { encoding: 'GSM-7' | 'UCS-2'; count: number; units: number };

const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENSION = '\f^{}\\[~]|€';

/** Septets of each character of GSM-7; 0 is none. Index: UTF-16 unit. */
const SEPTETS = new Uint8Array(0x10000);
for (const character of BASIC) SEPTETS[character.charCodeAt(0)] = 1;
for (const character of EXTENSION) SEPTETS[character.charCodeAt(0)] = 2;

const GSM_7 = { one: 160, several: 153 };
const UCS_2 = { one: 70, several: 67 };

/** Counts the segments of a text; an empty text has none. */
export function segments(text: string): Segments {
  let units = 0;
  for (let i = 0; i < text.length; i++) {
    const septets = SEPTETS[text.charCodeAt(i)]!;
    if (septets === 0) {
      const fits = text.length <= UCS_2.one;
      return { encoding: 'UCS-2', units: text.length, count: fits ? 1 : fill(text, UCS_2.several, unitsAt) };
    }
    units += septets;
  }
  if (units <= GSM_7.one) return { encoding: 'GSM-7', units, count: units === 0 ? 0 : 1 };
  return { encoding: 'GSM-7', units, count: fill(text, GSM_7.several, septetsAt) };
}

/** Fills segments one after the other; `sizeAt` is what the character at a place takes. */
function fill(text: string, room: number, sizeAt: (text: string, i: number) => number): number {
  let count = 1;
  let used = 0;
  for (let i = 0; i < text.length; i++) {
    const size = sizeAt(text, i);
    if (used + size > room) {
      count++;
      used = 0;
    }
    used += size;
    if (size === 2 && sizeAt === unitsAt) i++;
  }
  return count;
}

function septetsAt(text: string, i: number): number {
  return SEPTETS[text.charCodeAt(i)]!;
}

function unitsAt(text: string, i: number): number {
  return text.codePointAt(i)! > 0xffff ? 2 : 1;
}
