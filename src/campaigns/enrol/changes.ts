/** What a turn changes, gathered over all its contacts to be written in batches. Pure. */
import { bucketOf } from '../../base/ids.ts';
import type { Seen } from '../match/facts.ts';
import type { Effect, StepDecision } from '../steps/run.ts';
import type { Version } from '../steps/version.ts';
import type { Arm, Enrolment, Entry } from './entry.ts';
import type { Member } from './member.ts';

/** A count. `step` is empty for what is of the campaign as a whole; `goal:…` for a goal. */
export type Tally = {
  campaignId: number;
  epoch: number;
  arm: Arm;
  variant: string | null;
  versionId: number;
  step: string;
  metric: string;
  n: number;
  total: number;
  squares: number;
};

/** In which lane a bucket is: counts are kept by lane. */
type Lanes = { laneOf(bucket: number): number };

/** Who a row is of. */
export type Of = { contactId: number; workspaceId: number };
/** An effect and of whom. `lateMs`: how much later than it was to happen. */
export type EffectDone = Of & { effect: Effect; enrolment: Enrolment; version: Version; lateMs: number };
/** A decision and of whom. */
export type Logged = Of & StepDecision & { enrolmentId: number; campaignId: number };
/** A message that a campaign sent. */
export type SendRow = Of & {
  messageId: number;
  campaignId: number;
  enrolmentId: number;
  epoch: number;
  versionId: number;
  variant: string | null;
  step: string;
  atMs: number;
  /** How many campaigns had led to each other to it; null where none had. */
  depth: number | null;
};

/** Who has left a campaign; what the steps `kept` sent is sent. */
type Exit = Of & {
  enrolmentId: number;
  versionId: number;
  campaignId: number;
  kept?: readonly string[];
};

/** That a goal was reached. */
export type Conversion = Of & {
  enrolmentId: number;
  goal: string;
  eventKey: number;
  campaignId: number;
  epoch: number;
  arm: Arm;
  atMs: number;
  value: number;
};

/** An entry that is made, or of which something became. */
export type EntryChanged = { of: Of; entry: Entry; isNew: boolean; isRetold: boolean };

function keyOfEntry({ contactId }: Of, { campaignId, entryKey }: Entry): string {
  return `${contactId}|${campaignId}|${entryKey}`;
}

/** What changed. */
export class Changes {
  readonly enrolments = new Map<number, { of: Of; enrolment: Enrolment }>();
  /** Who stands still yet, though their campaign goes on: the pause is not over for them. */
  readonly still = new Set<number>();
  /** Enrolments that were made in this turn. */
  readonly fresh = new Set<number>();
  readonly gone = new Map<number, Of & { id: number; campaignId: number }>();
  readonly entries = new Map<string, EntryChanged>();
  readonly effects: EffectDone[] = [];
  /** Who has left a campaign before its end: what it let in of theirs and is not sent yet may be taken back. */
  readonly exits: Exit[] = [];
  /** Whose the messages are that were let in. */
  readonly sends: SendRow[] = [];
  readonly log: Logged[] = [];
  /** What would have let in somebody who is not known yet. */
  readonly held: (Of & { event: Seen })[] = [];
  readonly conversions: Conversion[] = [];
  readonly refusals = new Map<string, Of & { campaignId: number; reason: string; atMs: number }>();
  readonly tallies = new Map<string, Tally & { contactId: number }>();
  /** By contact and watch: what holds now and did not, or does not any more (no `value`). */
  readonly crossings = new Map<
    string,
    Of & { watchId: number; atMs: number; isIn: boolean; value: string | null }
  >();
  /** Who came into a segment that people named, and when: of those who count for a campaign that goes by it. */
  readonly comings: { contactId: number; segmentId: number; atMs: number }[] = [];
  /** When a contact is to be looked at again, by the workspace's clock. */
  readonly looks = new Map<number, Of & { atMs: number }>();
  readonly #lanes: Lanes;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  keep(member: Member, enrolment: Enrolment): void {
    this.enrolments.set(enrolment.id, { of: ofWhom(member), enrolment });
  }

  /** Somebody is to enter, who has no row for it. */
  make(enrolment: Enrolment): void {
    if (!this.gone.has(enrolment.id)) this.fresh.add(enrolment.id);
  }

  drop(member: Member, { id, campaignId }: Enrolment): void {
    this.enrolments.delete(id);
    this.gone.set(id, { ...ofWhom(member), id, campaignId });
  }

  /** Somebody enters: the entry has no row yet. */
  makeEntry(member: Member, entry: Entry): void {
    this.entries.set(keyOfEntry(member, entry), { of: ofWhom(member), entry, isNew: true, isRetold: true });
  }

  /** Something became of an entry. `isRetold`: what set it off, or which goals it reached, is another now. */
  keepEntry(member: Member, entry: Entry, isRetold = false): void {
    const key = keyOfEntry(member, entry);
    const known = this.entries.get(key);
    if (known) known.isRetold ||= isRetold;
    else this.entries.set(key, { of: ofWhom(member), entry, isNew: false, isRetold });
  }

  refuse(member: Member, campaignId: number, reason: string, atMs: number): void {
    this.refusals.set(`${member.contactId}|${campaignId}`, { ...ofWhom(member), campaignId, reason, atMs });
  }

  cross(member: Member, watchId: number, isIn: boolean, value: string | null, atMs: number): void {
    this.crossings.set(`${member.contactId}|${watchId}`, { ...ofWhom(member), watchId, atMs, isIn, value });
  }

  look(member: Member, atMs: number): void {
    this.looks.set(member.contactId, { ...ofWhom(member), atMs });
  }

  count(
    { contactId }: Of,
    of: Pick<Tally, 'campaignId' | 'epoch' | 'arm' | 'variant' | 'versionId'>,
    metric: string,
    more: { step?: string; n?: number; total?: number; squares?: number } = {},
  ): void {
    const { campaignId, epoch, arm, variant, versionId } = of;
    const { step = '', n = 1, total = 0, squares = 0 } = more;
    const key = `${this.#lanes.laneOf(bucketOf(contactId))}|${campaignId}|${epoch}|${arm}|${variant ?? ''}|${versionId}|${step}|${metric}`;
    const known = this.tallies.get(key);
    if (known) {
      known.n += n;
      known.total += total;
      known.squares += squares;
    } else {
      const where = { campaignId, epoch, arm, variant, versionId };
      this.tallies.set(key, { contactId, ...where, step, metric, n, total, squares });
    }
  }
}

/** The contact that something is about, and nothing else of it. */
export function ofWhom({ contactId, workspaceId }: Of): Of {
  return { contactId, workspaceId };
}
