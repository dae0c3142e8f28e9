/**
 * What blocks an address, and who may lift it. Every block is a row of its own with its cause; lifting one never lifts another. Each
 * act is written three times on purpose: in the suppressions (for addresses that will be linked later), compiled on the contact's
 * destinations (for the gate), and in the consent log (the proof). The contact is locked meanwhile, so that a destination that is
 * linked at this moment is either seen here or sees the row.
 */
import { MESSAGE_CLASSES, type ChannelName, type MessageClass } from '../../../contract/channels.ts';
import type { Cause } from '../../../contract/reasons.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { noteLeft } from '../changes.ts';
import { noteRefused } from '../refused.ts';
import { addressOf, formerAddresses, identityOfAddress, keyOf, keyText } from '../keys.ts';
import { insertConsent } from '../sql.destinations.ts';
import { ownersOf, touchContacts } from '../resolve/sql.ts';
import { bitsOf } from './classes.ts';
import { compileBlocks, type CompiledConsent, type CompiledBlock } from './compiled.ts';
import { hashOfProof, proofOf } from './proof.ts';
import {
  forgetAddresses,
  liftRows,
  type ProofKey,
  selectBlocks,
  selectHeard,
  upsertBlocks,
  writeBlocksFor,
} from './sql.blocks.ts';

/** Who says no or yes; each lifts only what was made by those up to it. */
export const RANK = { import: 1, api: 2, operator: 3, provider: 4, person: 5 } as const;
/** A rank by name. */
export type Rank = keyof typeof RANK;

/** An address, wherever it is linked. */
export type At = {
  workspaceId: number;
  channel: ChannelName;
  address: string;
  /** The contact whose address it is; looked up by the address when it is not given, and there may be none. */
  contactId?: number | undefined;
};

/** Something that blocks an address. */
export type Block = At & {
  cause: Cause;
  classes: readonly MessageClass[];
  /** The integration it is about; every one when absent. */
  integrationId?: number | undefined;
  /** What it stops at the channel's other integrations, when it is about one. */
  elsewhere?: readonly MessageClass[];
  by: Rank;
  /** Evidence: `stop`, `complaint`, a provider's code, whatever an operator wrote. */
  reason: string;
  /** When it was said, where its provider tells; unix ms. */
  saidMs?: number | undefined;
  /** It says nothing of an address from which somebody wrote since; unix ms. */
  unlessHeardSinceMs?: number | null | undefined;
};

/** The evidence of a block that somebody made by a switch in the provider's app. */
export const SWITCHED_OFF = 'marketing switched off';

/** What lifts a block. */
export type Lift = At & {
  causes: readonly Cause[];
  /** The classes that may be sent again; all when absent. */
  classes?: readonly MessageClass[];
  /** The integration that it is about; whichever when absent. */
  integrationId?: number | undefined;
  /** Only what was made for this reason. */
  madeFor?: string;
  by: Rank;
  reason: string;
  /** When it was said, where its provider tells: a no that was said later is not taken back. */
  saidMs?: number | undefined;
};

/** As blockDestinations, for one. */
export async function blockDestination(tx: Tx, ids: IdSource, nowMs: number, block: Block): Promise<void> {
  await blockDestinations(tx, ids, nowMs, [block]);
}

/** Blocks addresses: on the contacts' destinations with them, for those made later, and in the consent log. */
export async function blockDestinations(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  blocks: readonly Block[],
): Promise<void> {
  const wanted = blocks.filter(({ classes, elsewhere }) => classes.length || elsewhere?.length);
  if (wanted.length === 0) return;
  const locked = await lockAddresses(tx, wanted, nowMs);
  const stopping = await stillTrue(tx, wanted, locked);
  if (stopping.length === 0) return;
  const rows = new Map<string, Parameters<typeof upsertBlocks>[1][number]>();
  for (const block of stopping) {
    const { key, address } = locked.of(block);
    const scope = block.integrationId ?? 0;
    const text = `${keyOfProof(key)}|${block.cause}|${scope}`;
    const before = rows.get(text);
    rows.set(text, {
      ...key,
      address,
      cause: block.cause,
      scope,
      classes: bitsOf(block.classes) | (before?.classes ?? 0),
      elsewhere: (scope === 0 ? 0 : bitsOf(block.elsewhere ?? [])) | (before?.elsewhere ?? 0),
      rank: Math.max(RANK[block.by], before?.rank ?? 0),
      reason: block.reason,
      saidMs: block.saidMs ?? null,
    });
  }
  await upsertBlocks(tx, [...rows.values()], nowMs);
  for (const block of stopping) {
    const { contactId } = locked.of(block);
    const saysNo = block.cause.startsWith('opted_out') || block.cause === 'complained';
    if (contactId === undefined || !saysNo || !block.classes.includes('marketing')) continue;
    const { workspaceId, channel } = block;
    noteLeft(tx, workspaceId, [contactId]);
    if (isTheirWord(block)) noteRefused(tx, { contactId, channel, workspaceId, atMs: nowMs });
  }
  await recompile(
    tx,
    ids,
    nowMs,
    locked,
    new Map(stopping.map((one) => [keyOfProof(locked.of(one).key), one.reason])),
  );
}

/**
 * Without what was said of addresses from which somebody wrote since. Under the lock of their contacts, which whoever takes in what
 * they write has, too: so it is seen here, or sees what is written here.
 */
async function stillTrue(
  tx: Tx,
  blocks: readonly Block[],
  locked: LockedAddresses,
): Promise<readonly Block[]> {
  const doubted = blocks.flatMap((block) => {
    const { contactId, address } = locked.of(block);
    const sinceMs = block.unlessHeardSinceMs ?? undefined;
    return contactId === undefined || sinceMs === undefined
      ? []
      : [{ block, contactId, channel: block.channel, address, sinceMs }];
  });
  if (!doubted.length) return blocks;
  const heard = await selectHeard(tx, doubted);
  const untrue = new Set(doubted.filter((_, at) => heard.has(at)).map(({ block }) => block));
  return untrue.size ? blocks.filter((block) => !untrue.has(block)) : blocks;
}

/**
 * What blocks an address also blocks the one that its person has from now on: people say no, and not their numbers. A dead number is
 * what they leave behind.
 */
export async function carryBlocks(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  from: Omit<At, 'contactId'>,
  to: string,
): Promise<void> {
  const said = (await selectBlocks(tx, proofKeysOf(tx, from))).filter(({ cause }) => cause !== 'dead');
  if (!said.length) return;
  const at: At = { ...from, address: to };
  const locked = await lockAddresses(tx, [at], nowMs);
  const { key, address } = locked.of(at);
  const distinct = new Map(said.map((row) => [`${row.cause}|${row.scope}`, { ...row, ...key, address }]));
  await upsertBlocks(tx, [...distinct.values()], nowMs);
  await recompile(tx, ids, nowMs, locked, new Map([[keyOfProof(key), said[0]!.reason]]));
}

/** They said so themselves, to us or in the provider's app: not a business of them. */
function isTheirWord({ by, reason }: Block): boolean {
  return by === 'person' || reason === SWITCHED_OFF;
}

/** Lifts blocks; returns whether anything was lifted. What is of another cause or of a higher rank stays. */
export async function liftBlocks(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  lifts: readonly Lift[],
): Promise<boolean> {
  if (lifts.length === 0) return false;
  const locked = await lockAddresses(tx, lifts, nowMs);
  const lifted = await liftRows(
    tx,
    lifts.flatMap((lift) =>
      lift.causes.map((cause) => ({
        ...locked.of(lift).key,
        cause,
        scope: lift.integrationId ?? null,
        classes: bitsOf(lift.classes ?? MESSAGE_CLASSES),
        byRank: RANK[lift.by],
        madeFor: lift.madeFor ?? null,
        saidMs: lift.saidMs ?? null,
      })),
    ),
  );
  const reasons = new Map(
    lifts.flatMap((lift) => {
      const { key } = locked.of(lift);
      return lifted.has(key.proof) ? [[keyOfProof(key), lift.reason] as const] : [];
    }),
  );
  if (reasons.size > 0) await recompile(tx, ids, nowMs, locked, reasons);
  return reasons.size > 0;
}

/** What an operator may take back: what operators and imports blocked (whoever made it), and what providers took for dead. */
export async function liftByOperator(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  act: At & { classes: readonly MessageClass[]; reason: string },
): Promise<boolean> {
  return await liftBlocks(tx, ids, nowMs, [
    { ...act, by: 'operator', causes: ['banned', 'imported'] },
    // Not a no: nobody's word is overruled.
    { ...act, by: 'provider', causes: ['dead'] },
  ]);
}

/** What blocks addresses, compiled, by `blockKey`; those that nothing blocks are not in it. Locks nothing. */
export async function blocksOf(db: Db, at: readonly At[]): Promise<Map<string, CompiledConsent>> {
  const keys = new Map(at.map((one) => [blockKey(one), proofKeysOf(db, one)]));
  if (keys.size === 0) return new Map();
  const byProof = Map.groupBy(await selectBlocks(db, [...keys.values()].flat()), ({ proof }) => proof);
  const compiled = new Map<string, CompiledConsent>();
  for (const [text, proofs] of keys) {
    const blocks = proofs.flatMap(({ proof }) => byProof.get(proof) ?? []);
    if (blocks.length) compiled.set(text, compileBlocks(blocks));
  }
  return compiled;
}

/** An address as text, for maps. */
export function blockKey({ workspaceId, channel, address }: At): string {
  return `${workspaceId}|${channel}|${addressOf(channel, address)}`;
}

/** Takes addresses of erased people out of what blocks them: they stay blocked, by proof. */
export async function eraseBlocked(tx: Tx, at: readonly At[]): Promise<void> {
  if (at.length > 0)
    await forgetAddresses(
      tx,
      at.map((one) => proofKeyOf(tx, one)),
    );
}

function proofKeyOf(db: Db, { workspaceId, channel, address }: At): ProofKey {
  const proof = proofOf(db, workspaceId, channel, addressOf(channel, address));
  return { hash: hashOfProof(proof), workspaceId, channel, proof };
}

/** Where an address is kept, and where it may have been before its number had one spelling: of who was erased there is no more than that. */
function proofKeysOf(db: Db, at: At): ProofKey[] {
  const { workspaceId, channel } = at;
  const former = formerAddresses(channel, addressOf(channel, at.address)).map((address) => {
    const proof = proofOf(db, workspaceId, channel, address);
    return { hash: hashOfProof(proof), workspaceId, channel, proof };
  });
  return [proofKeyOf(db, at), ...former];
}

function keyOfProof({ workspaceId, channel, proof }: ProofKey): string {
  return `${workspaceId}|${channel}|${proof}`;
}

type LockedAddress = { key: ProofKey; at: At; address: string; contactId: number | undefined };
type LockedAddresses = { all: LockedAddress[]; of(at: At): LockedAddress };

/** The addresses, each once, with their contacts, which are locked. */
async function lockAddresses(tx: Tx, wanted: readonly At[], nowMs: number): Promise<LockedAddresses> {
  const locked = new Map<string, LockedAddress>();
  for (const at of wanted) {
    const text = blockKey(at);
    const before = locked.get(text);
    const contactId = at.contactId ?? before?.contactId;
    locked.set(text, {
      key: before?.key ?? proofKeyOf(tx, at),
      at,
      address: addressOf(at.channel, at.address),
      contactId,
    });
  }
  const all = [...locked.values()];
  await findOwners(
    tx,
    all.filter(({ contactId }) => contactId === undefined),
  );
  const contacts = new Map(
    all.flatMap(({ at, contactId: id }) =>
      id === undefined ? [] : [[id, { workspaceId: at.workspaceId, id, externalId: null }] as const],
    ),
  );
  if (contacts.size > 0) await touchContacts(tx, [...contacts.values()], nowMs);
  return { all, of: (at) => locked.get(blockKey(at))! };
}

async function findOwners(tx: Tx, locked: readonly LockedAddress[]): Promise<void> {
  const unknown = locked.flatMap((one) => {
    const identity = identityOfAddress(one.at.channel, one.address);
    return identity ? [{ one, key: keyOf(one.at.workspaceId, identity) }] : [];
  });
  if (unknown.length === 0) return;
  const found = await ownersOf(
    tx,
    unknown.map(({ key }) => key),
  );
  const owners = new Map(found.map((owner) => [keyText({ ...owner, hash: 0 }), owner.contactId]));
  for (const { one, key } of unknown) one.contactId = owners.get(keyText(key));
}

/** Compiles what changed into the destinations, and writes each address's reason down in the log. */
async function recompile(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  locked: LockedAddresses,
  reasons: ReadonlyMap<string, string>,
): Promise<void> {
  const changed = locked.all.filter(({ key }) => reasons.has(keyOfProof(key)));
  const rows: (CompiledBlock & { proof: string })[] = await selectBlocks(
    tx,
    changed.map(({ key }) => key),
  );
  const byProof = Map.groupBy(rows, ({ proof }) => proof);
  const compiled = changed.map((one) => ({
    one,
    now: compileBlocks(byProof.get(one.key.proof) ?? []),
  }));
  await Promise.all([
    writeBlocksFor(
      tx,
      compiled.flatMap(({ one: { at, address, contactId }, now }) =>
        contactId === undefined
          ? []
          : [{ ...now, workspaceId: at.workspaceId, channel: at.channel, address, contactId }],
      ),
    ),
    insertConsent(
      tx,
      compiled.map(({ one: { key, at, address, contactId }, now }) => ({
        id: contactId === undefined ? ids.spread() : ids.inBucket(bucketOf(contactId)),
        // 0: an address that no contact has. Its proof is kept: should it become somebody's who is erased, nobody would find it here.
        contactId: contactId ?? 0,
        workspaceId: at.workspaceId,
        channel: at.channel,
        address: contactId === undefined ? key.proof : address,
        blockedClasses: now.blockedClasses,
        reason: reasons.get(keyOfProof(key))!,
        atMs: nowMs,
      })),
    ),
  ]);
}
