/**
 * Calls on their way. Each is kept before it is sent and sent in order, again and again under the same id until there is an answer:
 * at least once, and, since the server knows the ids it has seen, once in effect. Knows nothing of what a call says.
 */
import { newId, openShelf, type Item, type OutboundStorage } from './shelf.ts';

/** What went wrong with a call. */
export type OutboundError = {
  /** Whether the server had the call and refused it; false when the call never got there. */
  receivedCall: boolean;
  message: string;
};

/** A line as it is opened. */
export type LineOptions = {
  key: string;
  url: string;
  client: string;
  storage: OutboundStorage | null | undefined;
  fetch: typeof fetch;
  /** How long a call is tried for. */
  giveUpMs: number;
};

type Waiting = Item & {
  done?: (error?: OutboundError) => void;
  /** Not with others: together they were refused. */
  alone?: boolean;
};
/** An event on its way. */
type Told = { timestamp?: unknown };
type Failure = { message: string; again?: boolean; afterMs?: number };

/** More than this many calls that wait are refused, and the caller is told: memory and storage have an end. */
const MOST_WAITING = 10_000;
/** What the server takes in one call. */
const MOST_TOGETHER = 100;
const MOST_TOGETHER_LENGTH = 50_000;
const DEADLINE_MS = 30_000;
const LONGEST_PAUSE_MS = 60_000;
/** Browsers carry so much to its end when the page is left. */
const MOST_KEPT_ALIVE = 8_000;
/** Calls of these paths go together as a list. */
const LISTED = /^\/(track|identify)$/;
/** Statuses of a server that may take the call later; of one that sends elsewhere, or says what Parley does not, nobody knows whether it has it. */
const LATER = /^([23]..|408|409|425|429|5..)$/;

/** A line to the server. */
export class Line {
  private readonly options: LineOptions;
  private readonly shelf;
  private readonly waiting: Waiting[] = [];
  private readonly idle: (() => void)[] = [];
  private busy = false;
  private sending = 0;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Nothing is sent before what was left is here: it was said earlier. */
  private ready = false;
  private readonly adopted;

  /** Opens it, and sends what was left by a page that is gone. */
  constructor(options: LineOptions) {
    this.options = options;
    this.shelf = openShelf(options.storage, `outbound:${options.key}:`, options.giveUpMs);
    const run = () => this.run();
    const begin = () => {
      this.ready = true;
      run();
    };
    const adopt = this.shelf.adopt((found) => {
      // It was said earlier. What is on its way at this moment stays first.
      this.waiting.splice(this.sending, 0, ...found);
      run();
    });
    this.adopted = adopt.then(begin, begin);
    (globalThis as { addEventListener?: (name: string, heard: () => void) => void }).addEventListener?.(
      'online',
      run,
    );
  }

  /** Keeps a call and sends it in its turn; `done` hears how it ended. */
  enqueue(path: string, body: unknown, done: (error?: OutboundError) => void): void {
    if (this.waiting.length >= MOST_WAITING)
      return done({ receivedCall: false, message: 'Too many calls wait.' });
    // As it is now: what the caller does to it afterwards is none of it.
    const said: unknown = JSON.parse(JSON.stringify(body));
    const item: Waiting = { id: newId(), path, body: said, t: Date.now(), done };
    // What happened, happened now, however long the call waits.
    if (/^.tr/.test(path)) for (const event of [said].flat() as Told[]) event.timestamp ||= item.t / 1000;
    this.shelf.keep(item);
    this.waiting.push(item);
    // While the server is given a pause, the call waits with the others.
    if (!this.timer) this.run();
  }

  /** Resolves when no call waits any more. */
  async flush(): Promise<void> {
    await this.adopted;
    if (this.waiting.length) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private run(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.ready && this.waiting.length && !this.busy) void this.pump();
  }

  /** Sends until nothing waits or the server cannot be reached. */
  private async pump(): Promise<void> {
    this.busy = true;
    this.shelf.hold();
    while (this.waiting.length && !this.timer) {
      const batch = together(this.waiting);
      this.sending = batch.length;
      const failure = await send(this.options, batch);
      this.sending = 0;
      if (failure?.again) this.putOff(batch, failure);
      else {
        this.failures = 0;
        const error = failure && { receivedCall: true, message: failure.message };
        for (const item of batch)
          if (error && batch.length > 1) item.alone = true;
          else this.end(item, error);
      }
    }
    this.busy = false;
    if (this.waiting.length) return;
    this.shelf.letGo();
    for (const tell of this.idle.splice(0)) tell();
  }

  /** Later again; those that are too old are given up. */
  private putOff(batch: readonly Waiting[], { message, afterMs = 0 }: Failure): void {
    const oldest = Date.now() - this.options.giveUpMs;
    for (const item of batch) if (item.t <= oldest) this.end(item, { receivedCall: false, message });
    const pauseMs = Math.min(1000 * 2 ** this.failures++, LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2);
    // A timer takes what is longer for nothing.
    const waitMs = Math.min(Math.max(pauseMs, afterMs), 2e9);
    if (this.waiting.length) this.timer = setTimeout(() => this.run(), waitMs);
  }

  private end(item: Waiting, error?: OutboundError): void {
    this.waiting.splice(this.waiting.indexOf(item), 1);
    this.shelf.forget(item);
    item.done?.(error);
  }
}

/** The calls at the front that go together. */
function together(waiting: readonly Waiting[]): Waiting[] {
  const { path } = waiting[0]!;
  let length = 0;
  let end = 0;
  for (const item of waiting) {
    length += JSON.stringify(item.body).length;
    const joins =
      item.path === path && LISTED.test(path) && !waiting[0]!.alone && !item.alone && end < MOST_TOGETHER;
    if (end > 0 && (!joins || length > MOST_TOGETHER_LENGTH)) break;
    end++;
  }
  return waiting.slice(0, end);
}

/** Sends calls as one request; undefined when the server has taken them. */
async function send(options: LineOptions, batch: readonly Waiting[]): Promise<Failure | undefined> {
  const { id, path } = batch[0]!;
  const many = batch.length > 1;
  // So that the server knows how wrong this clock is.
  const clock = { sent_at: Date.now() / 1000 };
  const bodies = batch.map(({ id, body, t }) =>
    LISTED.test(path)
      ? // So that it knows what is told again, by the caller's own id where it has one.
        { message_id: id, ...(body as object), ...(path === '/track' && clock) }
      : path === '/track/batch'
        ? // A time of the caller's own may be by another clock. What is no list would stop all that wait behind it.
          ([body].flat() as (Told | null)[]).map((event) => ({
            ...(event?.timestamp === t / 1000 && clock),
            ...event,
          }))
        : body,
  );
  const body = JSON.stringify(many ? bodies : bodies[0]);
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), DEADLINE_MS);
  try {
    const answer = await options.fetch(`${options.url}/v2${path}${many ? '/batch' : ''}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-outbound-client': options.client,
        'x-outbound-key': options.key,
        ...(!many && { 'x-outbound-guid': id }),
      },
      body,
      credentials: 'omit',
      keepalive: body.length < MOST_KEPT_ALIVE,
      signal: abort.signal,
    });
    const { status, headers } = answer;
    const said = await answer.text();
    // Parley says nothing to a good call: a page is that of whoever stands between, such as a hotel that asks for a name first.
    if (status < 300 && !said) return undefined;
    return {
      message: (status > 399 && textOf(said)) || `HTTP ${status}`,
      again: LATER.test(`${status}`),
      afterMs: +headers.get('retry-after')! * 1000 || 0,
    };
  } catch (error) {
    return { message: `Outbound could not be reached: ${(error as Error).message}`, again: true };
  } finally {
    clearTimeout(deadline);
  }
}

/** What the server says, as text: it may say it as JSON. */
function textOf(said: string): string {
  try {
    return String((JSON.parse(said) as { error: { Message: unknown } }).error.Message);
  } catch {
    return said;
  }
}
