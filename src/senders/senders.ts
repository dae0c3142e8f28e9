/**
 * Integrations opened for sending, one per process: connections, concurrency, rate and breaker. Interactive messages go
 * before bulk ones wherever there is a line.
 */
import type { Clock } from '../base/clock.ts';
import type { AddressGuard } from '../base/addressGuard.ts';
import { onlyWhile, type HttpClient } from '../base/http.ts';
import { toHex24 } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Directory } from '../accounts/directory.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import type { Adapter, Outcome, Outgoing, Sender } from '../channels/adapter.ts';
import type { Sql } from '../db/pool.ts';
import { createAsking, type Asking } from './asking.ts';
import { createBreaker, type Breaker } from './breaker.ts';
import { createHealthNotes, type HealthNotes } from './health.ts';
import { createLine, type Line } from './line.ts';
import type { Gatekeeper, LineEntry } from './ahead.ts';
import type { WorkItem } from '../queue/work/work.ts';

/** An integration ready to send. */
export type OpenIntegration = {
  integration: Integration;
  adapter: Adapter;
  /** The URL that a delivery's receipts are to be sent to begins with this; the ref is added. */
  callbackBase: string;
  line: Line<WorkItem>;
  breaker: Breaker;
  /** Sends messages of one batch; `told` hears once of each of them, in any order. */
  send(
    messages: readonly Letter[],
    interactive: boolean,
    gatekeeper: Gatekeeper<WorkItem>,
    told: SendListener,
  ): void;
  /** The provider can be asked what became of a message. */
  canTell: boolean;
  /** True when a repeat with the same key is not sent twice. */
  idempotent: boolean;
  /** The same for what goes in batches. */
  bulkIdempotent: boolean;
  /** Shows a person that an answer is being written; absent where the provider cannot. */
  showTyping?: (heardId: string) => Promise<Outcome>;
  /** Asks the provider what became of a message, when it is its turn; undefined when it cannot tell. */
  lookUp: NonNullable<Sender['lookUp']>;
};

/** A message on its way, and the work that it is. */
type Letter = { item: WorkItem; outgoing: Outgoing };

/** What comes of messages that are sent. */
type SendListener = {
  /** What came of the call. */
  answered(index: number, outcome: Outcome): void;
  /** It was not begun and is not going to: it may not any more. */
  back(index: number): void;
};

/** Opens and keeps integrations. */
export type Senders = {
  /** The integration, open; undefined when there is none, it is switched off, or nothing here can send for it. */
  open(integrationId: number): Promise<OpenIntegration | undefined>;
  /** Messages a second that the integration takes over all processes; undefined without a limit, or when there is none. */
  rateOf(integrationId: number): Promise<number | undefined>;
  close(): Promise<void>;
};

/** The senders of this process. `simulate` opens the simulated provider; a test workspace gets no other, whatever its settings. */
export function createSenders(deps: {
  sql: Sql;
  directory: Directory;
  adapters: Readonly<Record<string, Adapter | undefined>>;
  http: HttpClient;
  /** Which addresses integrations may connect to. */
  guard: AddressGuard;
  clock: Clock;
  log: Log;
  deadlineMs: number;
  concurrency: number;
  publicUrl: () => string;
  /** Which part of each integration's rate is this process's: the part of the lanes it owns, 0..1. */
  share: () => number;
  simulate: (adapter: Adapter, integration: Integration) => Sender;
  /** Told what a provider answered to each message. */
  counted?: (provider: string, outcome: Outcome['kind']) => void;
}): Senders {
  const notes = createHealthNotes(deps);
  /** Told of once. */
  const unreadable = new Set<number>();
  const open = new Map<
    number,
    { seen: Integration; fingerprint: string; opened: OpenIntegration; sender: Sender }
  >();
  return {
    async open(id) {
      const integration = await deps.directory.integration(id);
      if (!integration || integration.status === 'inactive') return undefined;
      if (integration.status === 'error') {
        // What is sent without its secrets would be refused, or signed wrongly.
        if (!unreadable.has(id))
          deps.log.error(
            { integration: id },
            'nothing is sent: the secrets of an integration cannot be read',
          );
        unreadable.add(id);
        return undefined;
      }
      const workspace = await deps.directory.workspace(integration.workspaceId);
      const adapter = deps.adapters[integration.provider];
      if (!workspace || !adapter) return undefined;
      // From here on nothing is waited for: of two who open it at once the second finds what the first has made. Two lines for one
      // integration would each have all of its rate.
      const known = open.get(id);
      if (known?.seen === integration) return known.opened;
      // The directory reads again every second; only a real change is worth new connections.
      const fingerprint = JSON.stringify([
        integration.settings,
        integration.ratePerS,
        integration.callbackKey,
        workspace.environment,
      ]);
      if (known?.fingerprint === fingerprint) {
        known.seen = integration;
        return known.opened;
      }
      void known?.sender
        .close()
        .catch((error) => deps.log.warn({ error }, 'an integration did not close cleanly'));
      const made = openOne({ ...deps, notes }, integration, workspace, adapter);
      open.set(id, { seen: integration, fingerprint, ...made });
      return made.opened;
    },
    async rateOf(id) {
      const integration = await deps.directory.integration(id);
      const workspace = integration && (await deps.directory.workspace(integration.workspaceId));
      return workspace && rateOf(integration, workspace, deps.adapters[integration.provider]);
    },
    async close() {
      await Promise.allSettled([...open.values()].map(({ sender }) => sender.close()));
      open.clear();
      await notes.flush();
    },
  };
}

/** Providers are asked what became of messages by so many calls at a time, and so many a second over all processes: never in a flood. */
const ASKED_AT_ONCE = 8;
const ASKED_PER_S = 50;

/** Messages a simulated provider takes in one call, whatever the real one does. */
const SIMULATED_BATCH = 500;

function openOne(
  deps: Parameters<typeof createSenders>[0] & { notes: HealthNotes },
  integration: Integration,
  workspace: Workspace,
  adapter: Adapter,
): { opened: OpenIntegration; sender: Sender } {
  const isTest = workspace.environment === 'test';
  const sender = isTest
    ? deps.simulate(adapter, integration)
    : adapter.open(integration.settings, {
        http: deps.http,
        guard: deps.guard,
        deadlineMs: deps.deadlineMs,
        nowMs: () => deps.clock.nowMs(),
      });
  const breaker = createBreaker(deps.clock);
  const line = createLine<WorkItem>({
    clock: deps.clock,
    concurrency: deps.concurrency,
    ratePerS: rateOf(integration, workspace, adapter),
    share: deps.share,
  });
  const asking = askingOf(deps, sender);
  const saw = (outcome: Outcome): Outcome => {
    breaker.saw(outcome);
    deps.notes.saw(integration.id, breaker, outcome);
    deps.counted?.(integration.provider, outcome.kind);
    return outcome;
  };
  const size = !sender.sendBatch ? 1 : isTest ? SIMULATED_BATCH : (adapter.batchSize ?? 1);
  const opened: OpenIntegration = {
    integration,
    adapter,
    line,
    breaker,
    callbackBase: `${deps.publicUrl()}/callbacks/${toHex24(integration.id)}/${integration.callbackKey}/status?ref=`,
    idempotent: sender.idempotent ?? adapter.idempotent,
    bulkIdempotent: sender.batchIdempotent ?? sender.idempotent ?? adapter.idempotent,
    canTell: sender.lookUp !== undefined,
    ...showingOf(deps, sender),
    lookUp: (message) => asking?.ask(message) ?? Promise.resolve(undefined),
    send(messages, interactive, gatekeeper, told) {
      line.enter(interactive, entriesOf({ sender, asking, saw, size }, messages, gatekeeper, told));
    },
  };
  return { opened, sender };
}

/** How messages are sent through an integration: `size` in one call. */
type Way = {
  sender: Sender;
  asking: Asking | undefined;
  saw: (outcome: Outcome) => Outcome;
  size: number;
};

/** Messages as they enter the line, a call each. */
function entriesOf(
  { sender, asking, saw, size }: Way,
  messages: readonly Letter[],
  gatekeeper: Gatekeeper<WorkItem>,
  told: SendListener,
): LineEntry<WorkItem>[] {
  const entries: LineEntry<WorkItem>[] = [];
  for (let from = 0; from < messages.length; from += size) {
    const part = messages.slice(from, from + size);
    entries.push({
      items: part.map(({ item }) => item),
      gatekeeper,
      async call() {
        let stopped = false;
        const may = () => gatekeeper.leave() === 'go' || !(stopped = true);
        const letters = part.map(({ outgoing }) => outgoing);
        asking?.began(letters);
        const outcomes = await onlyWhile(may, () => outcomesOf(sender, letters));
        part.forEach((_, at) => {
          const outcome = outcomes[at] ?? NO_ANSWER;
          asking?.ended(letters[at]!, outcome);
          // It was stopped between its turn and the wire.
          if (stopped && outcome.kind === 'deferred') told.back(from + at);
          else told.answered(from + at, saw(outcome));
        });
      },
      back: () => part.forEach((_, at) => told.back(from + at)),
    });
  }
  return entries;
}

/** Asks a provider, each message when it is its turn. */
function askingOf(deps: Parameters<typeof createSenders>[0], sender: Sender): Asking | undefined {
  const lookUp = sender.lookUp?.bind(sender);
  if (!lookUp) return undefined;
  const { clock, share } = deps;
  const line = createLine({ clock, concurrency: ASKED_AT_ONCE, ratePerS: ASKED_PER_S, share });
  return createAsking((message) => inTurn(line, () => lookUp(message)));
}

/** Typing is shown beside what is sent, within the same bounds as asking: it takes no message's room. */
function showingOf(
  { clock, share }: Parameters<typeof createSenders>[0],
  sender: Sender,
): Pick<OpenIntegration, 'showTyping'> {
  const show = sender.showTyping?.bind(sender);
  if (!show) return {};
  const line = createLine({ clock, concurrency: ASKED_AT_ONCE, ratePerS: ASKED_PER_S, share });
  return { showTyping: (heardId) => inTurn(line, () => show(heardId)) };
}

/** What the workspace has set, else what a new account with the provider gets. A simulated provider has no limit of its own. */
function rateOf(
  integration: Integration,
  workspace: Workspace,
  adapter: Adapter | undefined,
): number | undefined {
  return integration.ratePerS ?? (workspace.environment === 'test' ? undefined : adapter?.ratePerS);
}

/** What a call came to, whatever the adapter does. */
async function outcomesOf(sender: Sender, messages: readonly Outgoing[]): Promise<readonly Outcome[]> {
  try {
    return sender.sendBatch ? await sender.sendBatch(messages) : [await sender.send(messages[0]!)];
  } catch (error) {
    return messages.map(() => thrown(error));
  }
}

/** Asks nothing of anybody: for calls that change nothing. */
const OPEN: Gatekeeper<unknown> = { leave: () => 'go', whole: true, begin: () => Promise.resolve(true) };

/** Does something when it is its turn in a line. */
function inTurn<T>(line: Line, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = async () => {
      await work().then(resolve, reject);
    };
    line.enter(false, [{ items: [undefined], gatekeeper: OPEN, call, back: () => {} }]);
  });
}

/** An adapter that throws has a bug; whether it sent is not known. */
function thrown(error: unknown): Outcome {
  return { kind: 'unclear', code: 'adapter_error', detail: String(error) };
}

const NO_ANSWER = thrown(new Error('no answer for this message'));
