/**
 * In which arm somebody is. Drawn once, at entry, and kept: first who is held out of all campaigns of the workspace, then who is held
 * out of this one, then the variant of who is treated. Each by a salt of its own, so that one says nothing about another. Pure.
 */
import { createHash } from 'node:crypto';
import type { Version } from '../steps/version.ts';
import { ARM, type Arm } from './entry.ts';
import type { Campaign } from './member.ts';

/** What was drawn. Only who is treated has a variant, and only where there are any. */
type Drawn = { arm: Arm; variant: string | null };

/** The whole, in basis points. */
const ALL = 10_000;

/** Draws the arm of a contact. The same for the same salts, always. */
export function drawArm(
  {
    salt,
    version,
    outside,
  }: Pick<Campaign, 'salt' | 'outside'> & {
    version: Pick<Version, 'holdoutPoints' | 'variants' | 'isMarketing'>;
  },
  contactId: number,
): Drawn {
  const { holdoutPoints, variants, isMarketing } = version;
  // Who must get a message is not drawn lots for.
  if (isMarketing && outside && pointOf(outside.salt, contactId) < outside.points)
    return { arm: ARM.outside, variant: null };
  if (holdoutPoints > 0 && pointOf(salt, contactId) < holdoutPoints)
    return { arm: ARM.holdout, variant: null };
  return { arm: ARM.treated, variant: variantAt(variants, salt, contactId) };
}

function variantAt(variants: Version['variants'], salt: string, contactId: number): string | null {
  if (!variants.length) return null;
  let left = pointOf(`${salt}:variants`, contactId);
  for (const { key, points } of variants) {
    left -= points;
    if (left < 0) return key;
  }
  return variants.at(-1)!.key;
}

/** Where of the whole a contact lies under a salt: the first 32 bits of SHA-256. */
function pointOf(salt: string, contactId: number): number {
  const drawn = createHash('sha256').update(`${salt}:${contactId}`).digest().readUInt32BE(0);
  return Math.floor((drawn / 2 ** 32) * ALL);
}
