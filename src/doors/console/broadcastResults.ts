/** What became of a broadcast: its recipients by state, and what it led to. */
import { DELIVERY_STATES } from '../../../contract/doors/console/messages.ts';
import { RecipientPage, ResultsShown } from '../../../contract/doors/console/broadcasts.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { Id, oneOf } from '../../../contract/doors/fields.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { countBroadcast } from '../../broadcasts/forecast.ts';
import { selectPeople } from '../../contacts/people.ts';
import { deliveriesInRun, failuresInRun } from '../../ledger/deliveries.ts';
import { STATE, stateName, type StateName } from '../../ledger/states.ts';
import { clicksOfCause } from '../../links/links.ts';
import { nameOf } from './broadcastDrafts.ts';
import { find } from './broadcasts.ts';
import { presentDelivery } from './present.ts';
import { idText, queryId, queryWord, readLimit, reads, type Call, type Route } from './route.ts';

const one = '/broadcasts/:broadcastId';

/** `…/broadcasts/{id}/recipients` and `/results`. */
export const resultRoutes: readonly Route[] = [
  reads({
    path: `${one}/recipients`,
    does: 'Recipients in a state, with who they are. Those that are queued have nothing to show yet.',
    action: 'broadcasts.read',
    query: { state: oneOf(DELIVERY_STATES), limit: NEWEST_FIRST.limit, after: Id },
    answer: RecipientPage,
    handle: recipients,
  }),
  reads({
    path: `${one}/results`,
    does: 'What a broadcast led to: why some did not get it, and which links were opened.',
    action: 'broadcasts.read',
    answer: ResultsShown,
    handle: results,
  }),
];

async function recipients(call: Call): Promise<RecipientPage | Fault> {
  const state = queryWord<StateName>(call, 'state', DELIVERY_STATES);
  if (isFault(state)) return state;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const after = queryId(call, 'after');
  if (isFault(after)) return after;
  const broadcast = await find(call);
  if (isFault(broadcast)) return broadcast;
  if (state === undefined) return breaks('state', 'is required');
  if (broadcast.runId === null) return { recipients: [], next: null };
  const { ctx, workspace } = call;
  const found = await deliveriesInRun(ctx.sql, workspace.id, broadcast.runId, {
    states: [STATE[state]],
    afterContactId: after ?? 0,
    limit: limit + 1,
  });
  const rows = found.slice(0, limit);
  const named = rows.map(({ contactId }) => ({ workspaceId: workspace.id, contactId }));
  const people = await selectPeople(ctx.sql, named, { channel: broadcast.channel, attributes: false });
  return {
    recipients: rows.map((row) => ({
      contactId: idText(row.contactId),
      name: nameOf(people.get(row.contactId)),
      ...presentDelivery(row),
    })),
    next: found.length > limit ? toHex24(rows.at(-1)!.contactId) : null,
  };
}

async function results(call: Call): Promise<ResultsShown | Fault> {
  const broadcast = await find(call);
  if (isFault(broadcast)) return broadcast;
  const { ctx, workspace } = call;
  const { runId } = broadcast;
  const [counts, amiss, links] = await Promise.all([
    countBroadcast(ctx.broadcasts, ctx.sql, broadcast),
    runId === null ? { failures: [], bounded: false } : failuresInRun(ctx.sql, workspace.id, runId),
    runId === null ? [] : clicksOfCause(ctx.sql, workspace.id, runId),
  ]);
  return {
    counts,
    failures: amiss.failures.map(({ state, code, detail, n }) => ({
      state: stateName(state),
      code: code ?? 'unknown',
      detail,
      n,
    })),
    failuresBounded: amiss.bounded,
    links: links.map(({ longUri, people, clicks }) => ({ url: longUri, people, clicks })),
  };
}
