/** Single messages, to people who are known and to numbers that are not; now and then several at once to one of them. */
import type { MessageClass } from '../../contract/channels.ts';
import { resolveContacts } from '../../src/contacts/resolve/resolve.ts';
import { ensureConversations } from '../../src/conversations/conversations.ts';
import { fromRef } from '../../src/ledger/ref.ts';
import { accept } from '../../src/outbox/accept.ts';
import { KINDS, type Kind } from '../providers.ts';
import type { Run, Step } from '../run.ts';
import { PLAIN_RATE_PER_S, type Places } from '../world.ts';
import { awayMs } from './processes.ts';
import type { RoomPlay } from './room.ts';
import { isQuiet, rulesOver } from './workspaces.ts';

/** What a step asks for. */
export type Single = { of: keyof Places; person: number; class: MessageClass; by: Kind | 'any'; times?: number; rush?: number };
/** What was accepted. */
export type Accepted = { messageId: number; contactId: number };

/** A rush is to as many people at most, of whom nobody is erased. */
const MOST_IN_RUSH = 20;

export const sends: RoomPlay = {
  name: 'sends',
  steps: [
    {
      what: 'single',
      weight: 40,
      draw: (draws) => ({
        of: draws.happens('of the neighbour', 0.15) ? 'neighbour' : 'busy',
        person: draws.between('person', 0, 23),
        class: draws.weighted('class', [
          [5, 'transactional'],
          [4, 'marketing'],
          [1, 'authentication'],
        ] as const),
        by: draws.one('by', [...KINDS, 'any'] as const),
      }),
    },
    {
      what: 'several',
      weight: 3,
      draw: (draws) => ({
        of: 'busy',
        person: draws.between('who gets several', 0, 19),
        class: 'transactional',
        by: draws.one('several by', KINDS),
        times: draws.between('how many', 2, 5),
      }),
    },
  ],
  perform: (run, step) => (step['rush'] ? rush(run, step as Step & Single) : single(run, step as Step & Single)),
  async check(run) {
    return [...(await lost(run)), ...neighbourWaited(run), ...heldTooLong(run), ...outOfOrder(run), ...overtook(run), ...tooFast(run)];
  },
};

async function single(run: Run, { of, person, class: messageClass, by, times = 1 }: Single): Promise<Accepted[]> {
  const place = run.places[of];
  const { phone, email } = place.people[person % place.people.length]!;
  const { ctx } = run.door();
  const nowMs = ctx.clock.nowMs();
  const channel = by === 'batch' ? 'email' : 'sms';
  const address = channel === 'sms' ? phone : email;
  return await ctx.queue.transact(async (tx) => {
    const [who] = await resolveContacts(tx, ctx.ids, nowMs, [
      {
        workspaceId: place.id,
        identities: [{ kind: channel === 'sms' ? 'phone' : 'email', value: address }],
        destination: { channel, integrationId: null, address },
      },
    ]);
    const { contactId } = who!;
    const conversations = await ensureConversations(tx, ctx.ids, nowMs, [{ contactId, workspaceId: place.id }]);
    const send = {
      workspaceId: place.id,
      contactId,
      conversationId: conversations.get(contactId)!.id,
      kind: 'notification' as const,
      class: messageClass,
      content: { type: 'text' as const, text: 'hello' },
      author: {},
      source: { type: 'notification' },
      ...(by === 'any' ? {} : { integrationId: place.integrations[by] }),
    };
    const accepted = await accept(ctx, tx, nowMs, Array.from({ length: times }, () => send));
    return accepted.map(({ messageId }) => ({ messageId, contactId }));
  });
}

/** Several ask at one instant, each for somebody else: more than a process has connections, when it is asked for. */
async function rush(run: Run, { rush: count, ...step }: Single): Promise<Accepted[]> {
  const all = Array.from({ length: count! }, (_, i) => single(run, { ...step, person: (step.person + i) % MOST_IN_RUSH }));
  return (await Promise.all(all)).flat();
}

/** Every single message that was accepted, with who it was for. */
export function acceptedSingles(run: Run): (Accepted & { step: Step & Single; atMs: number })[] {
  return run.done.flatMap(({ step, state, result, atMs }) =>
    step.room === 'sends' && state === 'done'
      ? (result as Accepted[]).map((one) => ({ ...one, step: step as Step & Single, atMs }))
      : [],
  );
}

/** Accepted means that it ends somewhere. */
async function lost(run: Run): Promise<string[]> {
  const singles = acceptedSingles(run);
  const rows = await run.look<{ cause_id: number }[]>`
    SELECT cause_id FROM deliveries WHERE cause_id = ANY(${singles.map(({ messageId }) => messageId)}::bigint[])`;
  const found = new Set(rows.map(({ cause_id }) => cause_id));
  return singles
    .filter(({ messageId }) => !found.has(messageId))
    .map(({ messageId }) => `message ${messageId} was accepted and has no delivery`);
}

/** The neighbour's providers are well, and nothing of its holds anything back. */
const NEIGHBOUR_WAITS_MS = 60_000;

function neighbourWaited(run: Run): string[] {
  const begun = firstBegun(run);
  const away = awayMs(run);
  return acceptedSingles(run).flatMap(({ messageId, step, atMs }) => {
    if (step.of !== 'neighbour') return [];
    const first = begun.get(messageId);
    if (first === undefined) return [];
    const waitedMs = first - atMs - away(atMs, first);
    return waitedMs > NEIGHBOUR_WAITS_MS
      ? [`the neighbour's message ${messageId} waited ${Math.round(waitedMs / 1000)} s`]
      : [];
  });
}

/** The slow provider's calls within so long, against its rate; two workers share it, and each begins with a full bucket. */
const RATE_OVER_MS = 2_000;

function tooFast({ books, places }: Run): string[] {
  const own = books.begun.filter(({ integration }) => integration === `${places.busy.name} plain`);
  const most = PLAIN_RATE_PER_S * (RATE_OVER_MS / 1000 + 1) * 1.5 + 2;
  const fastest = own.reduce(
    (max, { atMs }) => Math.max(max, own.filter((one) => one.atMs >= atMs && one.atMs < atMs + RATE_OVER_MS).length),
    0,
  );
  return fastest > most ? [`${fastest} calls in ${RATE_OVER_MS} ms at ${PLAIN_RATE_PER_S}/s`] : [];
}

const MINUTE_MS = 60_000;
/** Of the time in which it may leave, it may need so much: a breaker's pause, a provider's rate, those before it. */
const HELD_BEYOND_MS = 600_000;

/** Marketing that quiet hours alone can hold leaves as soon as they are over. */
function heldTooLong(run: Run): string[] {
  const rules = rulesOver(run);
  const [{ quietHours }] = rules as [(typeof rules)[0]];
  const isRuledAnew = rules.some(({ frequencyCap }) => frequencyCap) || rules.some((later) => later.quietHours !== quietHours);
  const moved = new Set(run.done.flatMap(({ step }) => (/edit|merge/.test(step.what) ? Object.values(step) : [])));
  if (isRuledAnew || !quietHours) return [];
  const begun = firstBegun(run);
  const away = awayMs(run);
  return acceptedSingles(run).flatMap(({ messageId, step, atMs }) => {
    const first = begun.get(messageId);
    if (step.of !== 'busy' || step.class !== 'marketing' || first === undefined || moved.has(step.person)) return [];
    let openMs = 0;
    for (let ms = atMs; ms < first; ms += MINUTE_MS)
      if (!isQuiet(quietHours, ms) && away(ms, ms + MINUTE_MS) === 0) openMs += MINUTE_MS;
    return openMs > HELD_BEYOND_MS
      ? [`message ${messageId} did not leave in ${openMs / MINUTE_MS} minutes in which it might have`]
      : [];
  });
}

/** When the first call for a message was begun. */
function firstBegun(run: Run): Map<number, number> {
  const first = new Map<number, number>();
  for (const { ref, atMs } of run.books.begun) {
    const causeId = fromRef(ref)?.causeId;
    if (causeId !== undefined && !first.has(causeId)) first.set(causeId, atMs);
  }
  return first;
}

/** Messages to one person through one provider, of one class, in the order in which they were accepted. */
function linesIn(run: Run): ReturnType<typeof acceptedSingles>[] {
  const lines = Map.groupBy(
    acceptedSingles(run).filter(({ step }) => step.by !== 'any'),
    ({ contactId, step }) => `${contactId} ${step.by} ${step.class}`,
  );
  return [...lines.values()].map((line) => line.toSorted((a, b) => a.messageId - b.messageId));
}

/** What was called for once each arrives at its provider in that order, however long each call takes to get there. */
function overtook(run: Run): string[] {
  const calls = Map.groupBy(run.books.begun, ({ ref }) => fromRef(ref)?.causeId);
  const takenMs = new Map(run.books.taken.map(({ ref, atMs }) => [fromRef(ref)?.causeId, atMs]));
  return linesIn(run).flatMap((line) => {
    const once = line.flatMap(({ messageId }) => {
      const atMs = takenMs.get(messageId);
      return calls.get(messageId)?.length === 1 && atMs !== undefined ? [{ messageId, atMs }] : [];
    });
    return once.flatMap(({ messageId, atMs }, i) => {
      const next = once[i + 1];
      return next && next.atMs < atMs ? [`message ${next.messageId} arrived before ${messageId}, which was accepted earlier`] : [];
    });
  });
}

/** They leave in that order. */
function outOfOrder(run: Run): string[] {
  const begun = firstBegun(run);
  return linesIn(run).flatMap((line) => {
    const sent = line.flatMap(({ messageId }) => {
      const beganMs = begun.get(messageId);
      return beganMs === undefined ? [] : [{ messageId, beganMs }];
    });
    return sent.flatMap(({ messageId, beganMs }, i) => {
      const next = sent[i + 1];
      return next && next.beganMs < beganMs
        ? [`message ${next.messageId} left before ${messageId}, which was accepted earlier`]
        : [];
    });
  });
}

