/** What became of a broadcast: its recipients by state, what it led to, and trying once more whom it did not reach. */
import { Type, type Static } from 'typebox';
import { Readable } from 'node:stream';
import { DELIVERY_STATES } from '../../../contract/doors/console/messages.ts';
import {
  ANSWER_KINDS,
  AnswerPage,
  NewRecipientsFile,
  RecipientPage,
  RecipientsFile,
  ResultsShown,
  Retried,
  RetryFailed,
} from '../../../contract/doors/console/broadcasts.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { Id, oneOf } from '../../../contract/doors/fields.ts';
import { fullName } from '../../../contract/personName.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import { countBroadcast } from '../../broadcasts/forecast.ts';
import { fileToken, openRecipients } from '../../broadcasts/file.ts';
import { linkWord, tokenIn } from './fileLinks.ts';
import { retryFailed } from '../../broadcasts/retry.ts';
import { selectPeople } from '../../contacts/people.ts';
import { deliveriesInRun, failuresInRun } from '../../ledger/deliveries.ts';
import { answersToRun, hoursInRun } from '../../ledger/hours.ts';
import { STATE, stateName, type StateName } from '../../ledger/states.ts';
import { clicksOfCause } from '../../links/links.ts';
import { find, present, readRunPage } from './broadcasts.ts';
import { presentDelivery } from './present.ts';
import { idIn, idText, missing, reads, timeText, writes, type Call, type Route, type Work } from './route.ts';

const one = '/broadcasts/:broadcastId';
/** Recipients that a page is looked for among: 4 ms of them. */
const LOOKED_AT = 10_000;

/** `…/broadcasts/{id}/recipients` and `/results`. */
export const resultRoutes: readonly Route[] = [
  reads({
    path: `${one}/recipients`,
    does: 'Recipients in a state, with who they are. Those that are queued have nothing to show yet. A page may be short, or empty, and not be the last.',
    action: 'broadcasts.read',
    query: { state: oneOf(DELIVERY_STATES), limit: NEWEST_FIRST.limit, after: Id },
    answer: RecipientPage,
    handle: recipients,
  }),
  reads({
    path: `${one}/answers`,
    does: 'People who answered a broadcast: who wrote within a week, and who wanted no more.',
    action: 'broadcasts.read',
    query: { kind: oneOf(ANSWER_KINDS), limit: NEWEST_FIRST.limit, after: Id },
    answer: AnswerPage,
    handle: answers,
  }),
  writes({
    path: `${one}/file`,
    does: 'A link by which a CSV of recipients is fetched, without signing in, for ten minutes.',
    action: 'contacts.export',
    body: NewRecipientsFile,
    answers: { 201: RecipientsFile },
    secret: true,
    handle: file,
  }),
  reads({
    of: 'nobody',
    path: '/recipients/:token/recipients.csv',
    does: 'The CSV of recipients to which a link leads, written while it is fetched.',
    action: 'contacts.export',
    mediaType: 'text/csv; charset=utf-8',
    answer: Type.Unsafe<string | Readable>(Type.String()),
    async handle({ ctx, params, nowMs }) {
      const token = await tokenIn(ctx, params['token'] ?? '', nowMs);
      const lines = token === undefined ? undefined : await openRecipients(ctx, token, nowMs);
      return lines ? Readable.from(lines) : missing('file, or the link is too old: make another');
    },
  }),
  reads({
    path: `${one}/results`,
    does: 'What a broadcast led to: hour by hour, why some did not get it, who answered, and which links were opened.',
    action: 'broadcasts.read',
    answer: ResultsShown,
    handle: results,
  }),
  writes({
    path: `${one}/retry-failed`,
    does: 'Tries once more those whose delivery failed, each once, in a broadcast of its own that starts at once.',
    action: 'broadcasts.send',
    body: RetryFailed,
    answers: { 201: Retried },
    handle: retry,
  }),
];

async function retry(call: Call<Static<typeof RetryFailed>>): Promise<Work<201, Retried>> {
  const { ctx, workspace, nowMs, workspaceNowMs } = call;
  await ctx.directory.integrationsOf(workspace.id);
  const of = { id: idIn(call, 'broadcastId'), code: call.body.code };
  return async (tx) => {
    const now = { ourMs: nowMs, workspaceMs: workspaceNowMs };
    const begun = await retryFailed(ctx.broadcasts, tx, workspace.id, of, now);
    if (isFault(begun)) return begun;
    const { broadcast, people, more } = begun;
    const audit = {
      action: 'broadcast.retry-failed',
      subject: `broadcast:${of.id}`,
      detail: { ...call.body, broadcastId: toHex24(broadcast.id), people },
    };
    return { status: 201, body: { ...present(broadcast), people, more }, audit };
  };
}

async function recipients(call: Call): Promise<RecipientPage | Fault> {
  const asked = await readRunPage<StateName>(call, 'state', DELIVERY_STATES);
  if (isFault(asked)) return asked;
  const { word: state, broadcast, ...page } = asked;
  if (state === undefined) return breaks('state', 'is required');
  if (broadcast.runId === null) return { recipients: [], next: null };
  const { ctx, workspace } = call;
  const { rows, nextAfter } = await deliveriesInRun(ctx.sql, workspace.id, broadcast.runId, {
    ...page,
    states: [STATE[state]],
    among: LOOKED_AT,
  });
  const named = rows.map(({ contactId }) => ({ workspaceId: workspace.id, contactId }));
  const people = await selectPeople(ctx.sql, named, { channel: broadcast.channel, attributes: false });
  return {
    recipients: rows.map((row) => ({
      contactId: idText(row.contactId),
      name: fullName(people.get(row.contactId)),
      ...presentDelivery(row),
    })),
    next: idText(nextAfter),
  };
}

async function answers(call: Call): Promise<AnswerPage | Fault> {
  const asked = await readRunPage(call, 'kind', ANSWER_KINDS);
  if (isFault(asked)) return asked;
  const { word: kind, broadcast, limit, afterContactId } = asked;
  if (kind === undefined) return breaks('kind', 'is required');
  if (broadcast.runId === null) return { people: [], next: null };
  const { ctx, workspace } = call;
  const page = { kind, afterContactId, limit: limit + 1 };
  const found = await answersToRun(ctx.sql, workspace.id, broadcast.runId, page);
  const { rows, last } = cutPage(found, limit);
  const named = rows.map(({ contactId }) => ({ workspaceId: workspace.id, contactId }));
  const people = await selectPeople(ctx.sql, named, { channel: broadcast.channel, attributes: false });
  return {
    people: rows.map(({ contactId, atMs }) => ({
      contactId: idText(contactId),
      name: fullName(people.get(contactId)),
      at: timeText(atMs),
    })),
    next: idText(last?.contactId),
  };
}

async function file(
  call: Call<Static<typeof NewRecipientsFile>>,
): Promise<Work<201, RecipientsFile> | Fault> {
  const broadcast = await find(call);
  if (isFault(broadcast)) return broadcast;
  const { ctx, workspace, nowMs, body } = call;
  const of = { workspaceId: workspace.id, broadcastId: broadcast.id, state: body.state };
  return async () => {
    const { token, untilMs } = fileToken(ctx.vault, of, nowMs);
    const url = `${ctx.publicUrl()}/api/recipients/${linkWord(call, token)}/recipients.csv`;
    const audit = { action: 'broadcast.file', subject: `broadcast:${broadcast.id}`, detail: { ...body } };
    return { status: 201, body: { url, expiresAt: timeText(untilMs) }, audit };
  };
}

async function results(call: Call): Promise<ResultsShown | Fault> {
  const broadcast = await find(call);
  if (isFault(broadcast)) return broadcast;
  const { ctx, workspace } = call;
  const { runId, channel } = broadcast;
  const lanes = ctx.queue.lanes().map(({ bucket }) => bucket);
  const [counts, amiss, clicks, hours] = await Promise.all([
    countBroadcast(ctx.broadcasts, ctx.sql, broadcast),
    runId === null ? { failures: [], bounded: false } : failuresInRun(ctx.sql, workspace.id, runId),
    runId === null ? { links: [], hours: [] } : clicksOfCause(ctx.sql, workspace.id, runId),
    runId === null ? [] : hoursInRun(ctx.sql, lanes, runId),
  ]);
  const sum = (name: 'replied' | 'optedOut' | 'segments') => hours.reduce((all, hour) => all + hour[name], 0);
  const isCounted = hours.length > 0 || counts.accepted + counts.delivered + counts.read === 0;
  return {
    counts,
    failures: amiss.failures.map(({ state, code, detail, n }) => ({
      state: stateName(state),
      code: code ?? 'unknown',
      detail,
      n,
    })),
    failuresBounded: amiss.bounded,
    links: clicks.links.map(({ longUri, people, clicks: n }) => ({ url: longUri, people, clicks: n })),
    hours: hoursShown(hours, clicks.hours),
    answers: isCounted ? { replied: sum('replied'), optedOut: sum('optedOut') } : null,
    segments: isCounted && channel === 'sms' ? sum('segments') : null,
  };
}

/** What was counted of deliveries and of links, in hours of both. */
function hoursShown(
  hours: Awaited<ReturnType<typeof hoursInRun>>,
  clicks: Awaited<ReturnType<typeof clicksOfCause>>['hours'],
): ResultsShown['hours'] {
  const countsIn = new Map(hours.map((hour) => [hour.hourMs, hour]));
  const clicksIn = new Map(clicks.map((hour) => [hour.hourMs, hour.clicks]));
  return [...new Set([...countsIn.keys(), ...clicksIn.keys()])]
    .sort((a, b) => a - b)
    .map((hourMs) => {
      const {
        sent = 0,
        delivered = 0,
        read = 0,
        failed = 0,
        replied = 0,
        optedOut = 0,
      } = countsIn.get(hourMs) ?? {};
      const at = timeText(hourMs);
      return { at, sent, delivered, read, failed, clicks: clicksIn.get(hourMs) ?? 0, replied, optedOut };
    });
}
