/** Lists and tags, and who is in them. Both are sets; each has routes of its own. */
import { MemberIds, NamedSet } from '../../../contract/console.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import {
  addMembers,
  countMembers,
  createSet,
  deleteSet,
  getSet,
  listSets,
  removeMembers,
  renameSet,
  type ContactSet,
} from '../../contacts/sets.ts';
import type { Db } from '../../db/pool.ts';
import {
  acts,
  breaks,
  idIn,
  idOf,
  missing,
  reads,
  timeText,
  writes,
  type Call,
  type Route,
} from './route.ts';

/** `…/lists` and `…/tags`. */
export const setRoutes: readonly Route[] = [...routesOf('list'), ...routesOf('tag')];

function routesOf(kind: 'list' | 'tag'): Route[] {
  const all = `/${kind}s`;
  const one = `${all}/:setId`;
  return [
    reads({
      path: all,
      action: 'contacts.read',
      async handle({ ctx, workspace }) {
        const sets = await listSets(ctx.sql, workspace.id, kind);
        const counts = await countMembers(
          ctx.sql,
          sets.map(({ id }) => id),
        );
        return { [`${kind}s`]: sets.map((set) => ({ ...present(set), contacts: counts.get(set.id) ?? 0 })) };
      },
    }),
    writes({
      path: all,
      action: 'contacts.write',
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
      action: 'contacts.read',
      async handle(call) {
        const set = await find(call, call.ctx.sql, kind);
        if (isFault(set)) return set;
        const counts = await countMembers(call.ctx.sql, [set.id]);
        return { ...present(set), contacts: counts.get(set.id) ?? 0 };
      },
    }),
    ...changesOf(kind, one),
  ];
}

function changesOf(kind: 'list' | 'tag', one: string): Route[] {
  return [
    writes({
      method: 'PATCH',
      path: one,
      action: 'contacts.write',
      body: NamedSet,
      async handle(call) {
        return async (tx) => {
          const set = await find(call, tx, kind);
          if (isFault(set)) return set;
          const renamed = await renameSet(tx, call.workspace.id, set.id, call.body.name);
          if (isFault(renamed)) return renamed;
          const audit = { action: `${kind}.rename`, subject: `${kind}:${set.id}`, detail: call.body };
          return { status: 200, body: present(renamed), audit };
        };
      },
    }),
    acts({
      method: 'DELETE',
      path: one,
      action: 'contacts.write',
      async handle(call) {
        return async (tx) => {
          const set = await find(call, tx, kind);
          if (isFault(set)) return set;
          await deleteSet(tx, call.workspace.id, set.id);
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

async function find(call: Call<unknown>, db: Db, kind: 'list' | 'tag'): Promise<ContactSet | Fault> {
  const set = await getSet(db, call.workspace.id, idIn(call, 'setId'));
  return set?.kind === kind ? set : missing(kind);
}

function present({ id, name, createdMs }: ContactSet) {
  return { id: toHex24(id), name, createdAt: timeText(createdMs) };
}
