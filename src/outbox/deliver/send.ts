/**
 * Sending what is ready. Nothing begins that is not on record, nor after the run was paused or the lease is over: what has not begun
 * goes back unstarted. Where the last outcome was unclear, the provider is asked before anything is sent again.
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Outcome } from '../../channels/adapter.ts';
import { patiently } from '../../db/patiently.ts';
import type { Sql } from '../../db/pool.ts';
import { idsOfOthers } from '../../ledger/deliveries.ts';
import type { Flow } from '../../queue/work/flow.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import type { Gatekeeper } from '../../senders/ahead.ts';
import { CANNOT_TELL, MOST_ASKED_IN_VAIN } from '../outcome/retry.ts';
import { decideOutcome, putOff, type Decision } from '../outcome/decide.ts';
import type { Spread } from '../outcome/retry.ts';
import type { Collector } from './collector.ts';
import type { Ready } from './wire.ts';

/** What sending needs. */
export type SendDeps = { sql: Sql; clock: Clock; log: Log; flow: Flow; spread: Spread };

/** What a batch is sent with. `end` lets go of it: nothing of it begins any more. */
export type BatchSending = {
  batch: Batch;
  collector: Collector;
  gatekeeper: Gatekeeper<WorkItem>;
  end(): void;
};

/** Begins sending a batch. */
export function beginSending({ flow }: SendDeps, batch: Batch, collector: Collector): BatchSending {
  const { stream, steps } = batch;
  const unwatch = stream === 0 ? undefined : flow.watch(stream);
  let over = false;
  return {
    batch,
    collector,
    gatekeeper: {
      whole: steps.whole,
      begin: (items) => steps.begin(items),
      leave() {
        if (over || !batch.holds()) return 'back';
        return unwatch ? flow.leave(stream) : 'go';
      },
    },
    end() {
      over = true;
      unwatch?.();
    },
  };
}

/** Sends what is ready of a run. Those of unclear outcome are asked for first, and hold up nobody meanwhile. */
export function sendBulk(deps: SendDeps, sending: BatchSending, ready: readonly Ready[]): void {
  const asked = ready.filter(isToBeAsked);
  const others = asked.length ? ready.filter((message) => !isToBeAsked(message)) : ready;
  for (const message of asked) void sendOne(deps, sending, message);
  for (const group of Map.groupBy(others, ({ open }) => open).values())
    sendGroup(deps, sending, group, false);
}

/** Sends one message, when its provider does not know that it has it. Resolves when it is decided on. */
export async function sendOne(deps: SendDeps, sending: BatchSending, message: Ready): Promise<void> {
  const found = isToBeAsked(message) ? await ask(deps, message, sending) : undefined;
  if (found) return sending.collector.add([decide(deps, message, found)]);
  await new Promise<void>((resolve) =>
    sendGroup(deps, sending, [message], sending.batch.stream === 0, resolve),
  );
}

function sendGroup(
  deps: SendDeps,
  { batch, collector, gatekeeper }: BatchSending,
  group: readonly Ready[],
  interactive: boolean,
  told: () => void = () => {},
): void {
  for (const { subject } of group) subject.begunMs = batch.claimedMs;
  const add = (decision: Decision) => {
    collector.add([decision]);
    told();
  };
  group[0]!.open.send(
    group.map(({ subject, outgoing }) => ({ item: subject.item, outgoing })),
    interactive,
    gatekeeper,
    {
      answered(index, outcome) {
        batch.steps.note(group[index]!.subject.item, outcome);
        add(decide(deps, group[index]!, outcome));
      },
      back(index) {
        const { item, bulk } = group[index]!.subject;
        add(putOff(item, bulk, item.dueMs));
      },
    },
  );
}

function decide({ clock, spread }: SendDeps, { subject }: Ready, outcome: Outcome): Decision {
  return decideOutcome(subject, outcome, clock.nowMs(), spread(subject.item.ownerId));
}

function isToBeAsked({ wasUnknown, open }: Ready): boolean {
  return wasUnknown && open.canTell;
}

/** What the provider says became of a message; undefined: nobody knows, and it is to be sent again all the same. */
async function ask(deps: SendDeps, message: Ready, { batch }: BatchSending): Promise<Outcome | undefined> {
  const { subject, open, outgoing, unclearSinceMs } = message;
  const { ownerId: contactId, causeId, seq } = subject.item;
  const others = () => idsOfOthers(deps.sql, { contactId, causeId, seq });
  const found = await patiently(deps, 'asking', others, batch.holds)
    .then((known) =>
      open.lookUp({
        ref: outgoing.ref,
        to: outgoing.to,
        known: new Set(known),
        sinceMs: unclearSinceMs ?? subject.item.dueMs - LOOK_BACK_MS,
        ...('text' in outgoing.rendered ? { text: outgoing.rendered.text } : {}),
      }),
    )
    .catch((error: unknown): Outcome => ({ kind: 'unclear', code: 'not_asked', detail: String(error) }));
  subject.begunMs = unclearSinceMs ?? batch.claimedMs;
  if (found && found.kind !== 'unclear') return found;
  // What a person waits for is rather sent twice than never.
  const goesOn =
    subject.idempotent || (subject.class !== 'marketing' && subject.item.attempt >= MOST_ASKED_IN_VAIN);
  if (goesOn || (!found && subject.class !== 'marketing')) return undefined;
  return (
    found ?? { kind: 'unclear', code: CANNOT_TELL, detail: 'its provider does not tell what became of it' }
  );
}

/** Of an outcome that became unclear before it was noted since when. */
const LOOK_BACK_MS = 3_600_000;
