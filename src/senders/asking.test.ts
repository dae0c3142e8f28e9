/** Asking what became of messages: what was found for one is no other's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskedFor, Outcome } from '../channels/adapter.ts';
import { createAsking } from './asking.ts';

/** A provider that took some messages to one number, alike in every way. */
function provider(ids: readonly string[]) {
  let asking = 0;
  let most = 0;
  const lookUp = async ({ known }: AskedFor): Promise<Outcome> => {
    most = Math.max(most, ++asking);
    await Promise.resolve();
    asking--;
    const id = ids.find((one) => !known?.has(one));
    return id === undefined
      ? { kind: 'deferred', code: 'not_found', class: 'transient', detail: '' }
      : { kind: 'accepted', externalIds: [id], receipts: true };
  };
  return { lookUp, mostAtOnce: () => most };
}

const idOf = (outcome: Outcome | undefined) =>
  outcome?.kind === 'accepted' ? outcome.externalIds[0] : outcome?.kind;

test('9.4 two equal texts to one number of which one was taken: one has it, the other has not, asked at once too', async () => {
  const { lookUp, mostAtOnce } = provider(['a']);
  const { ask } = createAsking(lookUp);
  const asked = ['one', 'two', 'three'].map((ref) => ask({ ref, to: '+1', sinceMs: 0, text: 'Hi' }));
  assert.deepEqual((await Promise.all(asked)).map(idOf), ['a', 'deferred', 'deferred']);
  assert.equal(mostAtOnce(), 1, 'one after the other');
  assert.equal(idOf(await ask({ ref: 'one', to: '+1', sinceMs: 0 })), 'a', 'the same is asked for again');
  assert.equal(idOf(await ask({ ref: 'two', to: '+1', sinceMs: 0 })), 'deferred');
});

test('9.4 what the ledger knows as another’s is left out, and a failure holds nobody up', async () => {
  const { lookUp } = provider(['a', 'b']);
  let fails = true;
  const { ask } = createAsking(async (message) => {
    if (fails) throw new Error('no');
    return await lookUp(message);
  });
  const first = ask({ ref: 'one', to: '+1', sinceMs: 0 });
  const second = ask({ ref: 'two', to: '+1', sinceMs: 0, known: new Set(['a']) });
  await assert.rejects(first);
  fails = false;
  await second.catch(() => {});
  assert.equal(idOf(await ask({ ref: 'two', to: '+1', sinceMs: 0, known: new Set(['a']) })), 'b');
});

test('numbers are asked for at once', async () => {
  const { lookUp, mostAtOnce } = provider(['a', 'b', 'c']);
  const { ask } = createAsking(lookUp);
  await Promise.all(['1', '2', '3'].map((to) => ask({ ref: to, to, sinceMs: 0 })));
  assert.equal(mostAtOnce(), 3);
});

test('9.4 what is on its way to a number, or begins while it is asked for, makes the answer worth nothing', async () => {
  const { promise: told, resolve: tell } = Promise.withResolvers<Outcome>();
  const { ask, began, ended } = createAsking(() => told);
  const other = { ref: 'two', to: '+1' };
  const taken: Outcome = { kind: 'accepted', externalIds: ['b'], receipts: true };
  began([other]);
  const early = await ask({ ref: 'one', to: '+1', sinceMs: 0 });
  assert.equal(early?.kind === 'unclear' && early.code, 'not_asked');
  ended(other, taken);
  const asked = ask({ ref: 'one', to: '+1', sinceMs: 0 });
  // It is asked by now, and not answered.
  await new Promise((resolve) => setImmediate(resolve));
  began([other]);
  tell({ kind: 'accepted', externalIds: ['c'], receipts: true });
  assert.equal((await asked)?.kind, 'unclear');
});

test('9.4 what a call was answered is known at once to be no other’s', async () => {
  const { lookUp } = provider(['a']);
  const { ask, began, ended } = createAsking(lookUp);
  const sent = { ref: 'two', to: '+1' };
  began([sent]);
  ended(sent, { kind: 'accepted', externalIds: ['a'], receipts: true });
  assert.equal(idOf(await ask({ ref: 'one', to: '+1', sinceMs: 0 })), 'deferred');
});

test('9.4 of the ten thousand messages before none is taken for another, and not all are remembered for ever', async () => {
  const { ask, began, ended } = createAsking(provider(['id 0', 'id 12000']).lookUp);
  for (let n = 0; n < 22_000; n++) {
    const message = { ref: `r${n}`, to: `+${n}` };
    began([message]);
    ended(message, { kind: 'accepted', externalIds: [`id ${n}`], receipts: true });
  }
  assert.equal(idOf(await ask({ ref: 'another', to: '+1', sinceMs: 0 })), 'id 0', 'that is long since told');
  assert.equal(idOf(await ask({ ref: 'third', to: '+2', sinceMs: 0 })), 'deferred');
});
