/**
 * What a contact is in and what they entered, each found by what is asked of it: somebody may be in a campaign thousands of times beside
 * themselves, and what each event costs must not grow with it. Pure.
 */
import { putInOrder } from '../../base/ordered.ts';
import type { Version } from '../steps/version.ts';
import type { Enrolment, Entry } from './entry.ts';

/** What somebody is in, by its id; those who go by one version are found together. */
export class Enrolments extends Map<number, Enrolment> {
  readonly #byVersion = new Map<number, Map<number, Enrolment>>();

  override set(id: number, enrolment: Enrolment): this {
    const known = this.get(id);
    if (known && known.versionId !== enrolment.versionId) this.#byVersion.get(known.versionId)!.delete(id);
    const group = this.#byVersion.get(enrolment.versionId);
    if (group) group.set(id, enrolment);
    else this.#byVersion.set(enrolment.versionId, new Map([[id, enrolment]]));
    return super.set(id, enrolment);
  }

  override delete(id: number): boolean {
    const known = this.get(id);
    if (known) this.#byVersion.get(known.versionId)!.delete(id);
    return super.delete(id);
  }

  /** The first that is in a campaign of which something is so. */
  firstIn(campaignId: number, isSo: (one: Enrolment) => boolean): Enrolment | undefined {
    for (const group of this.#byVersion.values())
      for (const one of group.values()) {
        // A version is of one campaign.
        if (one.campaignId !== campaignId) break;
        if (isSo(one)) return one;
      }
    return undefined;
  }

  /** Those whose version may do something with what is told, or is not known. */
  thatHear(hears: (versionId: Version['id']) => boolean): Enrolment[] {
    const found: Enrolment[] = [];
    for (const [versionId, group] of this.#byVersion)
      if (group.size && hears(versionId)) for (const one of group.values()) found.push(one);
    return found;
  }
}

/** Entries of a contact and campaign that are in hand, the newest. */
export const MOST_HELD = 50;

/** What somebody entered. */
export class Entries {
  /** In the order in which they were entered. */
  readonly #all: Entry[] = [];
  readonly #byEnrolment = new Map<number, Entry>();
  readonly #byCampaign = new Map<number, { keys: Set<number>; lastMs: number }>();
  /** Entries that have ended, by the name of the event that they waited for in vain. */
  readonly #missing = new Map<string, Set<Entry>>();

  constructor(entries: Iterable<Entry> = []) {
    for (const one of entries) this.add(one);
  }

  get size(): number {
    return this.#all.length;
  }

  add(entry: Entry): void {
    const { campaignId, entryKey, enrolmentId, enteredMs } = entry;
    putInOrder(this.#all, entry, (one) => one.enteredMs);
    if (!((this.#byEnrolment.get(enrolmentId)?.enteredMs ?? -1) > enteredMs))
      this.#byEnrolment.set(enrolmentId, entry);
    const of = this.#byCampaign.get(campaignId) ?? { keys: new Set(), lastMs: -Infinity };
    of.keys.add(entryKey);
    of.lastMs = Math.max(of.lastMs, enteredMs);
    this.#byCampaign.set(campaignId, of);
    if (entry.endedMs !== null) this.left(entry);
  }

  /** All of them, or those entered since an instant; newest first. */
  since(fromMs = -Infinity): Entry[] {
    const found: Entry[] = [];
    for (let i = this.#all.length - 1; i >= 0; i--) {
      const one = this.#all[i]!;
      if (one.enteredMs < fromMs) break;
      found.push(one);
    }
    return found;
  }

  of(enrolmentId: number): Entry | undefined {
    return this.#byEnrolment.get(enrolmentId);
  }

  /** Whether a campaign was entered under a key. */
  hasKey(campaignId: number, entryKey: number): boolean {
    return this.#byCampaign.get(campaignId)?.keys.has(entryKey) ?? false;
  }

  /** The newest entry under a key, of those in hand. */
  under(campaignId: number, entryKey: number | undefined): Entry | undefined {
    return this.#all.findLast((one) => one.campaignId === campaignId && one.entryKey === entryKey);
  }

  /** Whether there may be more entries of a campaign than are in hand. */
  isFull(campaignId: number): boolean {
    return (this.#byCampaign.get(campaignId)?.keys.size ?? 0) >= MOST_HELD;
  }

  /** A key by which a campaign was entered before those that are in hand. */
  recall(campaignId: number, entryKey: number): void {
    this.#byCampaign.get(campaignId)?.keys.add(entryKey);
  }

  /** When a campaign was entered last; -Infinity where it never was. */
  lastMs(campaignId: number): number {
    return this.#byCampaign.get(campaignId)?.lastMs ?? -Infinity;
  }

  /** Whoever entered has left: what they missed may be told yet. */
  left(entry: Entry): void {
    for (const name of Object.keys(entry.missed?.steps ?? {})) {
      const missing = this.#missing.get(name);
      if (missing) missing.add(entry);
      else this.#missing.set(name, new Set([entry]));
    }
  }

  /** Entries of who has left and missed it, as far as it was not told since. */
  missing(name: string): readonly Entry[] {
    const missing = this.#missing.get(name);
    if (!missing) return [];
    for (const entry of missing) if (entry.missed?.steps[name] === undefined) missing.delete(entry);
    return [...missing];
  }
}
