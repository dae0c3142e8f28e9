/** Lists, tags, shipping labels and bots, and who is in them. All are sets; each kind has routes of its own. */
import { SetUses } from '../../../../contract/doors/console/audiences.ts';
import {
  BotsShown,
  LabelsShown,
  ListsShown,
  MemberIds,
  MembersChanged,
  NamedSet,
  SetCounted,
  SetShown,
  TagsShown,
} from '../../../../contract/doors/console/sets.ts';
import { Nothing } from '../../../../contract/doors/fields.ts';
import { breaks, fault, isFault, type Fault } from '../../../base/fault.ts';
import { toHex24 } from '../../../base/ids.ts';
import {
  addMembers,
  countMembers,
  createSet,
  deleteSet,
  getSet,
  listSets,
  lockSet,
  removeMembers,
  renameSet,
  type ContactSet,
  type SetKind,
} from '../../../contacts/sets.ts';
import { broadcastsNaming } from '../../../broadcasts/find.ts';
import { setsRenamed } from '../../../campaigns/segments/segments.ts';
import { carryName, usesOfSet, type SetNamed } from '../../../campaigns/segments/uses.ts';
import type { Db, Tx } from '../../../db/pool.ts';
import { acts, idIn, idOf, missing, reads, timeText, writes, type Call, type Route } from '../route.ts';

/** `…/lists`, `…/tags`, `…/labels` and `…/bots`. */
export const setRoutes: readonly Route[] = (['list', 'tag', 'label', 'bot'] as const).flatMap(routesOf);

function routesOf(kind: SetKind): Route[] {
  const all = `/${kind}s`;
  const one = `${all}/:setId`;
  return [
    allOf(kind, all),
    writes({
      path: all,
      does: `Makes a ${kind}.`,
      action: 'contacts.write',
      answers: { 201: SetShown },
      body: NamedSet,
      async handle({ ctx, body, workspace, nowMs }) {
        return async (tx) => {
          const wanted = { workspaceId: workspace.id, kind, name: body.name };
          const made = await createSet(tx, ctx.ids, nowMs, wanted);
          if (isFault(made)) return made;
          const audit = { action: `${kind}.create`, subject: `${kind}:${made.id}`, detail: body };
          return { status: 201, body: present(made), audit };
        };
      },
    }),
    reads({
      path: one,
      does: `A ${kind}, and how many contacts it has.`,
      action: 'contacts.read',
      answer: SetCounted,
      async handle(call) {
        const set = await find(call, call.ctx.sql, kind);
        if (isFault(set)) return set;
        return { ...present(set), ...(await countOf(call, [set], MOST_OF_ONE))(set) };
      },
    }),
    ...(kind === 'list' || kind === 'tag' ? [usesOf(kind, one)] : []),
    ...changesOf(kind, one),
  ];
}

/** What would miss it: said before it is deleted. */
function usesOf(kind: 'list' | 'tag', one: string): Route {
  return reads({
    path: `${one}/uses`,
    does: `Segments, campaigns and broadcasts that name a ${kind}.`,
    action: 'contacts.read',
    answer: SetUses,
    async handle(call) {
      const { ctx, workspace } = call;
      const set = await find(call, ctx.sql, kind);
      if (isFault(set)) return set;
      const [{ segments, campaigns }, broadcasts] = await Promise.all([
        usesOfSet(ctx.sql, workspace.id, { kind, name: set.name }),
        broadcastsNaming(ctx.sql, workspace.id, set.id),
      ]);
      return {
        segments: segments.map(({ id, name }) => ({ id: toHex24(id), name })),
        campaigns: campaigns.map(({ id, key, state }) => ({ id: toHex24(id), key, state })),
        broadcasts: broadcasts.map(({ id, name, state }) => ({ id: toHex24(id), name, state })),
      };
    },
  });
}

/** A list or tag as rules name it; shipping labels and bots they do not know. */
function asRulesName({ kind, name }: ContactSet): SetNamed | undefined {
  return kind === 'list' || kind === 'tag' ? { kind, name } : undefined;
}

/** A campaign that runs names it in a version, which never changes: without that name nobody would come in by it any more, or be kept out. */
async function heldIn(
  tx: Tx,
  workspaceId: number,
  set: ContactSet,
  { isToGo }: { isToGo: boolean },
): Promise<Fault | undefined> {
  const named = asRulesName(set);
  if (!named) return undefined;
  const { kind } = named;
  const { campaigns, segments } = await usesOfSet(tx, workspaceId, named);
  const live = campaigns.find(({ state }) => state === 'active' || state === 'paused');
  if (live)
    return fault(
      'conflict',
      `campaign ${live.key} names this ${kind}: it stays as it is called until that has ended, or is published without it`,
    );
  // Another name goes into segments with it. Without it nobody would be in them any more, or everybody.
  const [segment] = segments;
  if (!isToGo || !segment) return undefined;
  return fault(
    'conflict',
    `segment ${segment.key} names this ${kind}: it stays until that is deleted, or has a rule without it`,
  );
}

/** All of a kind; each has an answer of its own. */
function allOf(kind: SetKind, path: string): Route {
  const does = `All ${kind}s, and how many contacts each has.`;
  const shared = { path, does, action: 'contacts.read' } as const;
  const sets = (call: Call) => counted(call, kind);
  switch (kind) {
    case 'list':
      return reads({ ...shared, answer: ListsShown, handle: async (call) => ({ lists: await sets(call) }) });
    case 'tag':
      return reads({ ...shared, answer: TagsShown, handle: async (call) => ({ tags: await sets(call) }) });
    case 'label':
      return reads({
        ...shared,
        answer: LabelsShown,
        handle: async (call) => ({ labels: await sets(call) }),
      });
    case 'bot':
      return reads({ ...shared, answer: BotsShown, handle: async (call) => ({ bots: await sets(call) }) });
  }
}

function renames(kind: SetKind, one: string): Route {
  return writes({
    method: 'PATCH',
    path: one,
    does: `Gives a ${kind} another name.`,
    answers: { 200: SetShown },
    action: 'contacts.write',
    body: NamedSet,
    async handle(call) {
      return async (tx) => {
        const set = await findLocked(call, tx, kind);
        if (isFault(set)) return set;
        const held = await heldIn(tx, call.workspace.id, set, { isToGo: false });
        if (held) return held;
        const renamed = await renameSet(tx, call.workspace.id, set.id, call.body.name);
        if (isFault(renamed)) return renamed;
        const [before, now] = [asRulesName(set), asRulesName(renamed)];
        if (before && now) {
          await carryName(tx, call.workspace.id, before, now.name);
          await setsRenamed(call.ctx, tx, call.workspace.id, [before, now]);
        }
        const audit = { action: `${kind}.rename`, subject: `${kind}:${set.id}`, detail: call.body };
        return { status: 200, body: present(renamed), audit };
      };
    },
  });
}

function changesOf(kind: SetKind, one: string): Route[] {
  return [
    renames(kind, one),
    acts({
      method: 'DELETE',
      path: one,
      does: `Deletes a ${kind} that no segment and no campaign which runs names; its contacts stay.`,
      answers: { 204: Nothing },
      action: 'contacts.write',
      async handle(call) {
        return async (tx) => {
          const set = await findLocked(call, tx, kind);
          if (isFault(set)) return set;
          const held = await heldIn(tx, call.workspace.id, set, { isToGo: true });
          if (held) return held;
          await deleteSet(tx, call.workspace.id, set.id);
          const named = asRulesName(set);
          if (named) await setsRenamed(call.ctx, tx, call.workspace.id, [named]);
          const audit = {
            action: `${kind}.delete`,
            subject: `${kind}:${set.id}`,
            detail: { name: set.name },
          };
          return { status: 204, body: undefined, audit };
        };
      },
    }),
    writes({
      path: `${one}/members`,
      does: `Puts contacts into a ${kind} and takes others out.`,
      answers: { 200: MembersChanged },
      action: 'contacts.write',
      body: MemberIds,
      async handle(call) {
        const { add, remove } = call.body;
        if (!add && !remove) return breaks('add', 'must be given, or remove');
        return async (tx) => {
          const set = await find(call, tx, kind);
          if (isFault(set)) return set;
          const ids = (texts: readonly string[]) => texts.map(idOf).filter((id) => id > 0);
          const added = add ? await addMembers(tx, call.workspace.id, set.id, ids(add)) : 0;
          if (isFault(added)) return added;
          const removed = remove ? await removeMembers(tx, call.workspace.id, set.id, ids(remove)) : 0;
          if (isFault(removed)) return removed;
          const audit = {
            action: `${kind}.members`,
            subject: `${kind}:${set.id}`,
            detail: { added, removed },
          };
          return { status: 200, body: { added, removed }, audit };
        };
      },
    }),
  ];
}

async function find(call: Call<unknown>, db: Db, kind: SetKind): Promise<ContactSet | Fault> {
  const set = await getSet(db, call.workspace.id, idIn(call, 'setId'));
  return set?.kind === kind ? set : missing(kind);
}

/** The same to be changed: nobody begins to name it meanwhile. */
async function findLocked(call: Call<unknown>, tx: Tx, kind: SetKind): Promise<ContactSet | Fault> {
  const set = await lockSet(tx, call.workspace.id, idIn(call, 'setId'));
  return set?.kind === kind ? set : missing(kind);
}

async function counted({ ctx, workspace }: Call, kind: SetKind) {
  const sets = await listSets(ctx.sql, workspace.id, kind);
  const countIn = await countOf({ ctx }, sets, MOST_OF_EACH);
  return sets.map((set) => ({ ...present(set), ...countIn(set) }));
}

/** Nothing waits on a count: of one set it goes on for longer than where there are many. */
const MOST_OF_ONE = 100_000;
const MOST_OF_EACH = 10_000;

async function countOf({ ctx }: Pick<Call, 'ctx'>, sets: readonly ContactSet[], most: number) {
  const ids = sets.map(({ id }) => id);
  const counts = await countMembers(ctx.sql, ids, most + 1);
  return ({ id }: ContactSet) => {
    const n = counts.get(id) ?? 0;
    return { contacts: Math.min(n, most), more: n > most };
  };
}

function present({ id, name, createdMs }: ContactSet): SetShown {
  return { id: toHex24(id), name, createdAt: timeText(createdMs), shoutId: id };
}
