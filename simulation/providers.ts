/**
 * Providers that fail in every way an adapter can report, and in some that it cannot. What a provider has taken stands in its
 * book, which is the truth that the ledger is held against.
 */
import type { ErrorClass } from '../contract/channels.ts';
import type { Adapter, Outcome, Outgoing, Receipt, Sender } from '../src/channels/adapter.ts';
import { webchat } from '../src/channels/webchat/adapter.ts';
import type { Draws } from './draws.ts';
import { pair } from './exercised.ts';
import type { Player, Stage } from './stage.ts';

/** A message that a provider took. */
export type Taken = { ref: string; to: string; kind: AnyKind | 'webchat'; text: string; atMs: number; externalId: string };
/** A call that was begun for a message: from then on it may be taken. */
export type Begun = { ref: string; to: string; integration: string; atMs: number; by: string };

/** What a provider does; one draws it for every message. */
export const FAULTS = [
  'taken',
  'taken, and the answer is lost',
  'not taken, and the answer is lost',
  'refused: recipient',
  'refused: optout',
  'refused: content',
  'deferred: rate',
  'deferred: transient',
  'deferred: later',
  'throws',
  'never answers',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a provider told that was taken in; `rightly` when by the integration that sent it. */
export type Reported = { ref: string; state: Receipt['state']; rightly: boolean; atMs: number };

/** How a provider reports on what it took. */
export const REPORTS = [
  'delivered',
  'read',
  'failed',
  'nothing',
  'early delivered',
  'early failed',
  'twice',
  'out of order',
  'late',
  'to another workspace',
] as const;
export type Report = (typeof REPORTS)[number];

/** What an adapter throws. */
export const ADAPTER_FAULT = 'a fault of the adapter';

/** How long a caller waits for an answer, ms. */
export const DEADLINE_MS = 15_000;

/** What providers of a run share. */
export type ProviderGround = {
  stage: Stage;
  draws: Draws;
  /** How much goes wrong now: 0 nothing, 1 as much as there is. */
  trouble: () => number;
  /** Hands receipts to whoever takes callbacks now, and again until they are taken; to the other workspace when not rightly. */
  report: (sender: SenderOf, receipts: Receipt[], rightly: boolean) => Promise<void>;
  /** How long an answer takes at most, of one that is slow; undefined of the others. */
  slowMs: (sender: SenderOf) => number | undefined;
  /** Whether a kind of provider is out, and every call to it fails. */
  isOut: (kind: AnyKind) => boolean;
  /** Counts what was exercised. */
  count: (what: string) => void;
};

/** The kinds of provider: what decides how an unclear outcome is settled. */
export const KINDS = ['plain', 'asked', 'idempotent', 'batch'] as const;
export type Kind = (typeof KINDS)[number];
/** Those and the provider of push, which is there for rooms that reach devices. */
export type AnyKind = Kind | 'push';

/** An integration, as a provider knows it: whose, and of which kind. */
export type SenderOf = { place: string; kind: AnyKind };

/** Books of all providers; `untold`: what one was asked for and could not tell. */
export type Books = { begun: Begun[]; taken: Taken[]; reported: Reported[]; untold: Set<string> };

/** An adapter of each kind, for a player. */
export function adaptersFor(ground: ProviderGround, books: Books, player: Player): Record<string, Adapter> {
  const all: readonly AnyKind[] = [...KINDS, 'push'];
  return {
    ...Object.fromEntries(all.map((kind) => [`simulated-${kind}`, adapterOf(kind, ground, books, player)])),
    webchat: chatOf(ground, books, player),
  };
}

/** The web chat hands over to itself: what it took stands in the books as well. */
function chatOf({ stage }: ProviderGround, books: Books, player: Player): Adapter {
  return {
    ...webchat,
    open(...given) {
      const sender = webchat.open(...given);
      return {
        ...sender,
        async send(message) {
          const { ref, to } = message;
          const atMs = stage.nowMs();
          books.begun.push({ ref, to, integration: 'web chat', atMs, by: player.name });
          books.taken.push({ ref, to, kind: 'webchat', text: '', atMs, externalId: `x${books.taken.length}` });
          return await sender.send(message);
        },
      };
    },
  };
}

function adapterOf(kind: AnyKind, ground: ProviderGround, books: Books, player: Player): Adapter {
  return {
    provider: `simulated-${kind}`,
    channel: kind === 'batch' ? 'email' : kind === 'push' ? 'push' : 'sms',
    settings: { place: { required: true, secret: false, means: 'whose integration this is' } },
    confirms: 'read',
    idempotent: kind === 'idempotent',
    ...(kind === 'batch' ? { batchSize: 20 } : {}),
    open(settings) {
      return openSender({ place: String(settings['place']), kind }, ground, books, player);
    },
  };
}

function openSender(sender: SenderOf, ground: ProviderGround, books: Books, player: Player): Sender {
  const { stage, draws } = ground;
  const { kind } = sender;
  const integration = `${sender.place} ${kind}`;
  const call = (messages: readonly Outgoing[]): Promise<Outcome[]> => {
    for (const { ref, to } of messages) books.begun.push({ ref, to, integration, atMs: stage.nowMs(), by: player.name });
    return new Promise((resolve, reject) => {
      const wayMs = draws.between('way to a provider', 5, 60);
      // Once it has left, it arrives: also when the sender is dead by then.
      stage.after(wayMs, `a provider gets ${messages.length}`, (): void => {
        const answers = messages.map((message) => answerTo(sender, ground, books, message));
        const back = (what: string, act: () => void, afterMs: number) => {
          stage.after(afterMs, what, act, player);
        };
        if (answers.some((one) => one === 'never'))
          return back(
            'a caller gives up',
            () =>
              resolve(
                answers.map((one) =>
                  typeof one === 'object' ? one : { kind: 'unclear', code: 'timeout', detail: 'no answer' },
                ),
              ),
            DEADLINE_MS,
          );
        if (answers.includes('throws'))
          return back('an adapter throws', () => reject(new Error(ADAPTER_FAULT)), 5);
        const slowMs = ground.slowMs(sender);
        const wayBackMs = draws.between('way back', slowMs === undefined ? 5 : slowMs >> 1, slowMs ?? 120);
        return back('a provider answers', () => resolve(answers as Outcome[]), wayBackMs);
      });
    });
  };
  return {
    send: async (message) => (await call([message]))[0]!,
    ...(kind === 'batch' ? { sendBatch: call } : {}),
    ...(kind === 'asked'
      ? {
          lookUp: ({ ref }: { ref: string }) =>
            new Promise<Outcome | undefined>((resolve) => {
              stage.after(
                draws.between('look-up', 10, 80),
                'a provider is asked',
                () => resolve(whatBecameOf(ground, books, ref)),
                player,
              );
            }),
        }
      : {}),
    async close() {},
  };
}

function whatBecameOf({ draws }: ProviderGround, books: Books, ref: string): Outcome | undefined {
  if (draws.happens('look-up cannot tell', 0.05)) {
    books.untold.add(ref);
    return undefined;
  }
  const taken = books.taken.find((one) => one.ref === ref);
  if (taken) return { kind: 'accepted', externalIds: [taken.externalId], receipts: true };
  return { kind: 'deferred', code: 'not_found', class: 'transient', detail: 'it was not taken' };
}

type Answer = Outcome | 'never' | 'throws';

/** What a provider does with a message, and what it says. */
function answerTo(sender: SenderOf, ground: ProviderGround, books: Books, message: Outgoing): Answer {
  const { draws, count } = ground;
  const { kind } = sender;
  if (kind === 'idempotent') {
    const before = books.taken.find((one) => one.ref === message.ref);
    if (before) return { kind: 'accepted', externalIds: [before.externalId], receipts: true };
  }
  const about = `to ${message.to}`;
  const chance = draws.happens(about, 0.35 * ground.trouble());
  const drawn = draws.one<Fault>(`fault ${about}`, FAULTS);
  const fault = ground.isOut(kind) ? 'deferred: transient' : chance ? drawn : 'taken';
  count(`provider ${kind}: ${fault}`);
  const times = books.begun.filter(({ ref }) => ref === message.ref).length;
  count(pair(`provider ${fault}`, times > 1 ? 'again' : 'first'));
  switch (fault) {
    case 'taken':
      return accepted(take(sender, ground, books, message));
    case 'taken, and the answer is lost':
      take(sender, ground, books, message);
      return unclear();
    case 'not taken, and the answer is lost':
      return unclear();
    case 'never answers':
      if (draws.happens(`taken ${about}`, 0.5)) take(sender, ground, books, message);
      return 'never';
    case 'throws':
      if (draws.happens(`taken ${about}`, 0.5)) take(sender, ground, books, message);
      return 'throws';
    case 'deferred: later':
      return {
        ...failed('deferred', 'transient', message.to),
        retryAfterMs: draws.between(`later ${about}`, 1_000, 600_000),
      } as Outcome;
    case 'refused: recipient':
    case 'refused: optout':
    case 'refused: content':
    case 'deferred: rate':
    case 'deferred: transient': {
      const [what, of] = fault.split(': ') as ['refused' | 'deferred', ErrorClass];
      return failed(what, of, message.to);
    }
  }
}

function accepted({ externalId }: Taken): Outcome {
  return { kind: 'accepted', externalIds: [externalId], receipts: true };
}

function unclear(): Outcome {
  return { kind: 'unclear', code: 'connection', detail: 'the connection was lost' };
}

/** Providers name the number in what they say of it. */
function failed(kind: 'refused' | 'deferred', of: ErrorClass, to: string): Outcome {
  return { kind, code: `simulated_${of}`, class: of, detail: `${to} cannot be written to now` };
}

/** Takes a message into the book, and plans what is reported of it. */
function take(sender: SenderOf, ground: ProviderGround, books: Books, message: Outgoing): Taken {
  const { stage } = ground;
  const externalId = `x${books.taken.length}`;
  const { rendered } = message;
  const text = 'text' in rendered ? rendered.text : 'body' in rendered ? rendered.body : '';
  const taken = { ref: message.ref, to: message.to, kind: sender.kind, text, atMs: stage.nowMs(), externalId };
  books.taken.push(taken);
  reportOn(sender, ground, taken);
  return taken;
}

function reportOn(sender: SenderOf, ground: ProviderGround, { ref, to, externalId }: Taken): void {
  const { stage, draws, count } = ground;
  const report = draws.happens(`report ${to}`, 0.5 * ground.trouble())
    ? draws.one<Report>(`kind of report ${to}`, REPORTS)
    : 'delivered';
  count(`report: ${report}`);
  const send = (afterMs: number, ...states: Receipt['state'][]): void => {
    const receipts = states.map((state): Receipt => ({
      ref,
      externalId,
      state,
      ...(state === 'failed' ? { code: 'undelivered', class: 'transient' } : {}),
    }));
    stage.after(afterMs, 'a provider reports', () => ground.report(sender, receipts, true));
  };
  const soonMs = draws.between('report after', 200, 4_000);
  switch (report) {
    case 'nothing':
      return;
    case 'early delivered':
      return send(0, 'delivered');
    case 'early failed':
      return send(0, 'failed');
    case 'twice':
      send(soonMs, 'delivered');
      return send(soonMs + 1, 'delivered');
    case 'out of order':
      send(soonMs, 'read');
      return send(soonMs + 300, 'accepted', 'delivered');
    case 'late':
      return send(3_600_000, 'delivered');
    case 'to another workspace':
      stage.after(soonMs, 'a provider reports to somebody else', () =>
        ground.report(sender, [{ ref, externalId, state: 'read' }], false),
      );
      return send(soonMs + 500, 'delivered');
    case 'read':
      send(soonMs, 'delivered');
      return send(soonMs * 5, 'read');
    case 'delivered':
    case 'failed':
      return send(soonMs, report);
  }
}
