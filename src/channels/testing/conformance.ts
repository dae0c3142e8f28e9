/**
 * What every adapter has to do, as one suite that each adapter's test runs against a fake of its provider.
 * It checks outcomes by their meaning (sent, not sent, not known), never how an adapter got there.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ErrorClass } from '../../../contract/channels.ts';
import { addressGuard } from '../../base/addressGuard.ts';
import { httpClient } from '../../base/http.ts';
import type {
  Adapter,
  Callback,
  CallbackRequest,
  NumberLookUp,
  Outcome,
  Outgoing,
  Sender,
  Settings,
} from '../adapter.ts';
import { deadUrl, type Fake, type FakeMode } from './fake.ts';
import { secretsOf } from '../kit/outcome.ts';

/** How one provider looks when it does what the suite asks for. `A` is how its fake's answers are written. */
export type ConformanceSpec<A> = {
  adapter: Adapter;
  fake: Fake<A>;
  /** Settings whose base URL is `url`. Every secret setting is to be given a value of eight or more characters. */
  settings(url: string): Settings;
  message: Outgoing;
  /** Bound on a call to which nobody answers; the suite's unless said. For a protocol of many steps, whose silence has a bound of its own. */
  deadlineMs?: number;
  /** The channel is our own: there is no provider to answer or to be silent, and what it confirms comes from within. */
  callsNobody?: true;
  success: { answer: A; externalIds: string[]; receipts: boolean };
  /** The provider will never send it. */
  refused: { answer: A; code: string; class: ErrorClass };
  /** It was not sent, and may be tried again. Absent where the provider has no such answer. */
  transient?: { answer: A; code: string; class: ErrorClass };
  /** Too fast. `retryAfterMs` where the provider names a time. */
  throttled?: { answer: A; code: string; retryAfterMs?: number };
  /** A 500, or what comes nearest. */
  broken: { answer: A; kind: 'unclear' | 'deferred' };
  /** What to make of no answer after the request left. `unclear` unless said. */
  silence?: 'unclear' | 'deferred';
  /** What to make of an answer that is not one. `unclear` unless said; null where it cannot happen. */
  malformed?: Partial<Record<'garbage' | 'html' | 'empty', Outcome['kind'] | null>>;
  /** An answer in which the provider repeats a secret it was given. */
  echo?: (secret: string) => A;
  /** Required when the sender has `sendBatch`. One answer for the whole. `not_offered` with settings that have no batches. */
  batch?: { messages: Outgoing[]; answer: A; expected: Partial<Outcome>[] } | 'not_offered';
  /** Required when the adapter has `lookUpNumber`. `not_offered` with settings that have no such call. */
  numbers?: NumbersSpec<A> | 'not_offered';
  /** Required when the adapter has `receive`. */
  callbacks?: {
    genuine: { name: string; request: CallbackRequest; receipts?: object[]; inbound?: object[] }[];
    /** Tampered, unsigned, signed with another key: none may be believed. */
    forged: { name: string; request: CallbackRequest }[];
    /** Signed, but not understood. */
    malformed?: { name: string; request: CallbackRequest }[];
  };
};

/** How a provider answers when it is asked about a number. */
export type NumbersSpec<A> = {
  /** The fake to ask, when its contract is another than that of messages. */
  fake?: Fake<A>;
  found: { answer: A; expected: object };
  /** It is no number. */
  refused: { answer: A; code: string; class: ErrorClass };
  /** An operator must act before it tells anything. */
  config: { answer: A; code: string };
  transient?: { answer: A; code: string };
  throttled: { answer: A; code: string; retryAfterMs?: number };
};

/** Bound on a provider call in tests of their own, of which one or another waits for it. */
export const SUITE_DEADLINE_MS = 2000;
/** Bound on a call to which the provider answers: beyond what a busy machine needs. */
const ANSWERED_MS = 30_000;
/** Bound on a call to which nobody answers, which the suite waits for. */
const SILENCE_MS = 200;
/** The clock of the suite. */
export const SUITE_NOW_MS = Date.UTC(2026, 10, 20, 8, 32, 53);

/** Runs the suite. */
export async function conformance<A>(t: TestContext, spec: ConformanceSpec<A>): Promise<void> {
  const watch = watchOutput();
  const said: unknown[] = [];
  try {
    await t.test('settings say which are secret', () => settingsAreTold(spec));
    if (spec.callsNobody) await handOver(t, spec, said);
    else {
      await answers(t, spec, said);
      await silences(t, spec, said);
    }
    await batches(t, spec, said);
    await numbers(t, spec, said);
    await callbacks(t, spec, said);
  } finally {
    watch.stop();
  }
  await t.test('no secret in an outcome or in the output', () => noSecrets(spec, said, watch.text()));
}

async function handOver<A>(t: TestContext, spec: ConformanceSpec<A>, said: unknown[]): Promise<void> {
  await t.test('success: accepted, and nobody is called', async () => {
    const { answer: _answer, ...expected } = spec.success;
    const outcome = await withSender(spec, await deadUrl(spec.fake.url), (sender) =>
      sender.send(spec.message),
    );
    said.push(outcome);
    deepEqual(outcome, { kind: 'accepted', ...expected });
    equal(spec.fake.count(), 0);
  });
}

async function answers<A>(t: TestContext, spec: ConformanceSpec<A>, said: unknown[]): Promise<void> {
  const { fake } = spec;
  await t.test('success: accepted, with the ids of the provider', async () => {
    const { answer, ...expected } = spec.success;
    fake.violations();
    const outcome = await sendOne(spec, said, answer);
    deepEqual(outcome, { kind: 'accepted', ...expected });
    equal(fake.count() > 0, true, 'nothing arrived at the provider');
  });
  // Where no machine can read the contract, the adapter's own test says what a request has to be.
  if (fake.checked) await t.test('the request fits the contract', () => deepEqual(fake.violations(), []));
  await t.test('permanent refusal: refused, with code and class', async () => {
    const { answer, ...expected } = spec.refused;
    has(await sendOne(spec, said, answer), { kind: 'refused', ...expected });
  });
  const { transient, throttled, echo } = spec;
  await t.test('transient: deferred', { skip: !transient && 'no such answer' }, async () => {
    const { answer, ...expected } = transient!;
    has(await sendOne(spec, said, answer), { kind: 'deferred', ...expected });
  });
  await t.test(
    'throttled: deferred, with the time named',
    { skip: !throttled && 'no such answer' },
    async () => {
      const { answer, ...expected } = throttled!;
      has(await sendOne(spec, said, answer), { kind: 'deferred', class: 'rate', ...expected });
    },
  );
  await t.test(`a server error is ${spec.broken.kind}`, async () => {
    equal((await sendOne(spec, said, spec.broken.answer)).kind, spec.broken.kind);
  });
  await t.test(
    'a repeated secret is kept out of the detail',
    { skip: !echo && 'no such answer' },
    async () => {
      for (const secret of secretsOf(spec.adapter.settings, spec.settings(fake.url)))
        await sendOne(spec, said, echo!(secret));
    },
  );
}

async function silences<A>(t: TestContext, spec: ConformanceSpec<A>, said: unknown[]): Promise<void> {
  const silence = spec.silence ?? 'unclear';
  await t.test(`time-out after the request left: ${silence}`, async () => {
    equal((await sendOne(spec, said, 'hang')).kind, silence);
  });
  await t.test(`reset after the request left: ${silence}`, async () => {
    equal((await sendOne(spec, said, 'reset')).kind, silence);
  });
  await t.test('connection refused: deferred, nothing was sent', async () => {
    const outcome = await withSender(spec, await deadUrl(spec.fake.url), (sender) =>
      sender.send(spec.message),
    );
    said.push(outcome);
    has(outcome, { kind: 'deferred', class: 'transient' });
  });
  for (const mode of ['garbage', 'html', 'empty'] as const) {
    const kind = spec.malformed?.[mode] === undefined ? 'unclear' : spec.malformed[mode];
    const skip = kind === null && 'cannot happen';
    await t.test(`malformed answer (${mode}): ${kind}`, { skip }, async () => {
      equal((await sendOne(spec, said, mode)).kind, kind);
    });
  }
  await t.test('after all that the next message goes out', async () => {
    equal((await sendOne(spec, said, spec.success.answer)).kind, 'accepted');
  });
}

async function batches<A>(t: TestContext, spec: ConformanceSpec<A>, said: unknown[]): Promise<void> {
  const { batch, fake, adapter } = spec;
  const has = await withSender(spec, fake.url, (sender) => Promise.resolve(sender.sendBatch !== undefined));
  if (!has) {
    if (batch !== 'not_offered') equal(adapter.batchSize, undefined, 'batchSize without sendBatch');
    return;
  }
  ok(batch && batch !== 'not_offered', 'an adapter with sendBatch needs a batch in its spec');
  await t.test('batch: answers in the order of the messages', async () => {
    ok(batch.messages.length > 1, 'one message is no batch');
    ok(batch.messages.length <= (adapter.batchSize ?? 0), 'batchSize says how many at most');
    fake.answerNext(batch.answer);
    const outcomes = await withSender(spec, fake.url, (sender) => sender.sendBatch!(batch.messages));
    said.push(outcomes);
    equal(outcomes.length, batch.messages.length);
    for (const [at, expected] of batch.expected.entries()) hasAll(outcomes[at]!, expected);
  });
  await t.test('batch: a time-out is the outcome of each message', async () => {
    fake.answerNext('hang');
    const outcomes = await inSilence(spec, (deadlineMs) =>
      withSender({ ...spec, deadlineMs }, fake.url, (sender) => sender.sendBatch!(batch.messages)),
    );
    said.push(outcomes);
    deepEqual(
      outcomes.map(({ kind }) => kind),
      batch.messages.map(() => spec.silence ?? 'unclear'),
    );
  });
}

const NUMBER = '+31612345678';

async function numbers<A>(t: TestContext, spec: ConformanceSpec<A>, said: unknown[]): Promise<void> {
  const { numbers: asked, adapter } = spec;
  if (!adapter.lookUpNumber) {
    equal(asked, undefined, 'numbers without lookUpNumber');
    return;
  }
  ok(asked, 'an adapter with lookUpNumber needs numbers in its spec');
  const fake = (asked !== 'not_offered' && asked.fake) || spec.fake;
  const ask = async (answer?: A | FakeMode, url = fake.url): Promise<NumberLookUp> => {
    if (answer !== undefined) fake.answerNext(answer);
    const http = httpClient({ connections: 1 });
    const deadlineMs = answer === 'hang' ? SILENCE_MS : ANSWERED_MS;
    const tools = { http, guard: addressGuard(['loopback']), deadlineMs, nowMs: () => SUITE_NOW_MS };
    const outcome = await adapter.lookUpNumber!(spec.settings(url), tools, NUMBER);
    await http.close();
    said.push(outcome);
    if ('detail' in outcome) ok(outcome.detail.length > 0 && outcome.detail.length <= 300);
    return outcome;
  };
  if (asked === 'not_offered') {
    await t.test('a number: not offered, and nobody is asked', async () => {
      const before = fake.count();
      hasAll(await ask(), { kind: 'refused', code: 'not_offered', class: 'config' });
      equal(fake.count(), before);
    });
    return;
  }
  await t.test('a number: found, by a request that fits the contract', async () => {
    fake.violations();
    deepEqual(await ask(asked.found.answer), { kind: 'found', ...asked.found.expected });
    deepEqual(fake.violations(), []);
  });
  await t.test('a number: refused, to be mended, transient and throttled by their codes', async () => {
    const { refused, config, transient, throttled } = asked;
    const { answer, ...expected } = refused;
    hasAll(await ask(answer), { kind: 'refused', ...expected });
    hasAll(await ask(config.answer), { kind: 'deferred', class: 'config', code: config.code });
    if (transient)
      hasAll(await ask(transient.answer), { kind: 'deferred', class: 'transient', code: transient.code });
    const { answer: slow, ...named } = throttled;
    hasAll(await ask(slow), { kind: 'deferred', class: 'rate', ...named });
  });
  await t.test('a number: what gave no answer can be asked again', async () => {
    for (const mode of ['hang', 'reset', 'garbage', 'html', 'empty', spec.broken.answer] as const)
      hasAll(await ask(mode), { kind: 'deferred', class: 'transient' });
    hasAll(await ask(undefined, await deadUrl(fake.url)), { kind: 'deferred', class: 'transient' });
    for (const secret of secretsOf(adapter.settings, spec.settings(fake.url)))
      if (spec.echo) await ask(spec.echo(secret));
  });
}

async function callbacks<A>(t: TestContext, spec: ConformanceSpec<A>, said: unknown[]): Promise<void> {
  if (!spec.adapter.receive) {
    if (!spec.callsNobody)
      equal(spec.adapter.confirms, 'nothing', 'without receive nothing can be confirmed');
    return;
  }
  const receive = (request: CallbackRequest): Callback => {
    const callback = spec.adapter.receive!(request, spec.settings(spec.fake.url));
    said.push(callback);
    return callback;
  };
  ok(spec.callbacks?.genuine.length, 'an adapter with receive needs callbacks in its spec');
  ok(spec.callbacks.forged.length, 'and forgeries');
  for (const { name, request, receipts, inbound } of spec.callbacks.genuine)
    await t.test(`callback parsed: ${name}`, () => {
      const callback = receive(request);
      ok(callback.kind === 'parsed', `is ${callback.kind}`);
      equal(Math.floor(callback.answer.status / 100), 2);
      equal(callback.receipts.length, receipts?.length ?? 0);
      equal(callback.inbound.length, inbound?.length ?? 0);
      for (const [at, expected] of (receipts ?? []).entries()) hasAll(callback.receipts[at]!, expected);
      for (const [at, expected] of (inbound ?? []).entries()) hasAll(callback.inbound[at]!, expected);
      for (const { ref, externalId } of callback.receipts)
        ok(ref ?? externalId, 'a receipt names its delivery');
    });
  for (const { name, request } of spec.callbacks.forged)
    await t.test(`callback forged: ${name}`, () => {
      const callback = receive(request);
      equal(callback.kind, 'forged');
      ok(callback.answer.status >= 400 && callback.answer.status < 500);
    });
  for (const { name, request } of spec.callbacks.malformed ?? [])
    await t.test(`callback malformed: ${name}`, () => equal(receive(request).kind, 'malformed'));
}

/** Opens a sender with a client of its own, and closes both. */
export async function withSender<A, T>(
  spec: Pick<ConformanceSpec<A>, 'adapter' | 'settings' | 'deadlineMs'>,
  url: string,
  use: (sender: Sender) => Promise<T>,
): Promise<T> {
  const http = httpClient({ connections: 4 });
  const sender = spec.adapter.open(spec.settings(url), {
    http,
    deadlineMs: spec.deadlineMs ?? ANSWERED_MS,
    nowMs: () => SUITE_NOW_MS,
    guard: addressGuard(['loopback']),
  });
  try {
    return await use(sender);
  } finally {
    await sender.close();
    await http.close();
  }
}

/**
 * Does it with a bound that is worth waiting for. On a busy machine nothing may have left within it: then there is nothing to be
 * silent about yet, and the next try has more time.
 */
async function inSilence<A, T>(
  { fake, deadlineMs = SILENCE_MS }: ConformanceSpec<A>,
  make: (deadlineMs: number) => Promise<T>,
): Promise<T> {
  const before = fake.count();
  for (let boundMs = deadlineMs; ; boundMs *= 4) {
    const made = await make(boundMs);
    if (fake.count() > before || boundMs > ANSWERED_MS) return made;
  }
}

async function sendOne<A>(
  spec: ConformanceSpec<A>,
  said: unknown[],
  answer: A | FakeMode,
  message = spec.message,
): Promise<Outcome> {
  spec.fake.answerNext(answer);
  const send = (deadlineMs: number) =>
    withSender({ ...spec, deadlineMs }, spec.fake.url, (sender) => sender.send(message));
  const outcome = answer === 'hang' ? await inSilence(spec, send) : await send(ANSWERED_MS);
  said.push(outcome);
  if ('detail' in outcome) {
    ok(outcome.code.length > 0 && outcome.code.length <= 64, `code: ${outcome.code}`);
    ok(outcome.detail.length <= 300, 'a detail is at most 300 characters');
  }
  return outcome;
}

function settingsAreTold<A>(spec: ConformanceSpec<A>): void {
  const { settings, provider } = spec.adapter;
  ok(/^[a-z][a-z0-9-]*$/.test(provider), 'provider is lower case');
  const given = spec.settings(spec.fake.url);
  for (const [name, setting] of Object.entries(settings)) {
    ok(setting.means.length > 10, `${name} says what it means`);
    if (/password|secret|token$|key$/i.test(name)) equal(setting.secret, true, `${name} is secret`);
    if (setting.required) ok(given[name] !== undefined, `the spec gives ${name}`);
  }
  for (const name of Object.keys(given)) ok(settings[name], `${name} is a setting`);
}

function noSecrets<A>(spec: ConformanceSpec<A>, said: unknown[], output: string): void {
  const secrets = secretsOf(spec.adapter.settings, spec.settings(spec.fake.url));
  const texts = [JSON.stringify(said), output];
  for (const secret of secrets) {
    ok(secret.length >= 8, 'secrets of the spec are long enough to be found');
    for (const text of texts) ok(!text.includes(secret), 'a secret was said');
  }
}

/** Notes what is written to standard output and error, and lets it through. */
function watchOutput(): { stop(): void; text(): string } {
  let text = '';
  const restore = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream);
    stream.write = function tapped(...args: Parameters<typeof stream.write>) {
      text += String(args[0]);
      return write(...args);
    } as typeof stream.write;
    return () => {
      stream.write = write;
    };
  });
  return { text: () => text, stop: () => restore.forEach((undo) => undo()) };
}

function has(outcome: Outcome, expected: Record<string, unknown>): void {
  hasAll(outcome, expected);
}

/** Asserts that `actual` has each field of `expected`, deeply equal. */
function hasAll(actual: object, expected: object): void {
  const seen = Object.fromEntries(
    Object.keys(expected).map((name) => [name, (actual as Record<string, unknown>)[name]]),
  );
  deepEqual(seen, expected);
}
