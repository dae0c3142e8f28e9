/** What is written in a page and saves itself: nothing typed is lost, and nobody's change is written over unasked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiFault } from '../web/console/api/call.ts';
import { selfSaving } from '../web/console/forms/selfSaving.ts';

type Thing = { revision: number; name: string; text: string };
const fieldsOf = ({ name, text }: Thing) => ({ name, text });

/** A server with one thing, timers that run when they are told to, and a store. */
function world() {
  const server = { revision: 1, name: 'a', text: 'x' };
  const timers = new Map<number, () => void>();
  const kept = new Map<string, string>();
  let ids = 0;
  let next: Promise<unknown> = Promise.resolve();
  const state = { fault: undefined as Error | undefined, hold: undefined as Promise<void> | undefined };
  const open = () =>
    selfSaving({
      first: { ...server },
      fieldsOf,
      save(changed, revision) {
        const saved = (async () => {
          await state.hold;
          if (state.fault) throw state.fault;
          if (revision !== server.revision)
            throw new ApiFault({
              status: 412,
              code: 'precondition_failed',
              message: 'somebody',
              field: 'revision',
            });
          Object.assign(server, changed, { revision: server.revision + 1 });
          return { ...server };
        })();
        next = saved.catch(() => {});
        return saved;
      },
      read: async () => ({ ...server }),
      store: {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, text) => void kept.set(key, text),
        removeItem: (key) => void kept.delete(key),
      },
      key: 'thing',
      later: (act) => {
        timers.set(++ids, act);
        return ids;
      },
      never: (id) => void timers.delete(id),
    });
  /** Runs what waits for its time, and what comes of it. */
  const pass = async () => {
    const due = [...timers.values()];
    timers.clear();
    for (const act of due) act();
    await next;
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  return { server, kept, state, open, pass };
}

test('what is typed is saved a moment later, and nothing waits in the browser any more', async () => {
  const { server, kept, open, pass } = world();
  const thing = open();
  thing.change({ name: 'b' });
  assert.deepEqual(thing.now().saving, { kind: 'saving' }, 'it is not called saved until it is');
  thing.change({ text: 'y' });
  assert.equal(kept.size, 1);
  await pass();
  assert.deepEqual(server, { revision: 2, name: 'b', text: 'y' });
  assert.deepEqual(thing.now().saving, { kind: 'saved' });
  assert.equal(kept.size, 0);
});

test('a tab that dies before it is saved, or while it is being saved, has it again when it is opened', async () => {
  const { server, kept, state, open, pass } = world();
  const first = open();
  first.change({ name: 'b' });
  let release = () => {};
  state.hold = new Promise((resolve) => (release = resolve));
  void pass();
  first.change({ text: 'y' });
  assert.deepEqual(
    JSON.parse(kept.get('thing')!).changed,
    { name: 'b', text: 'y' },
    'what is on its way, too',
  );
  release();
  state.hold = undefined;
  const second = open();
  assert.deepEqual(second.now().fields, { name: 'b', text: 'y' });
  assert.equal(server.text, 'x');
});

test('what was typed while it was being saved is saved after it', async () => {
  const { server, state, open, pass } = world();
  const thing = open();
  let release = () => {};
  state.hold = new Promise((resolve) => (release = resolve));
  thing.change({ name: 'b' });
  const passing = pass();
  thing.change({ name: 'c' });
  release();
  await passing;
  state.hold = undefined;
  await pass();
  assert.equal(server.name, 'c');
  assert.equal(thing.now().saving.kind, 'saved');
});

test('another’s change is not written over: one chooses, and what one wrote is there until then', async () => {
  for (const whose of ['mine', 'theirs'] as const) {
    const { server, open, pass } = world();
    const thing = open();
    Object.assign(server, { text: 'theirs', revision: 2 });
    thing.change({ text: 'mine' });
    await pass();
    const { saving } = thing.now();
    assert.equal(saving.kind, 'conflict');
    assert.equal(saving.kind === 'conflict' && saving.theirs.text, 'theirs');
    assert.equal(server.text, 'theirs');
    thing.change({ name: 'also mine' });
    await pass();
    assert.deepEqual([server.text, server.name], ['theirs', 'a'], 'nothing is saved until it is chosen');
    assert.equal(thing.now().turn, 0);
    thing.choose(whose);
    assert.equal(thing.now().turn, 1, 'what stands in the fields now was not typed there');
    assert.equal(thing.now().saving.kind, whose === 'mine' ? 'saving' : 'saved');
    await pass();
    assert.equal(server.text, whose);
    assert.equal(thing.now().fields.text, whose);
    assert.equal(thing.now().saving.kind, 'saved');
  }
});

test('what another has saved is shown where nothing of one’s own waits, and never over what does', async () => {
  const { server, state, open, pass } = world();
  const thing = open();
  Object.assign(server, { text: 'theirs', revision: 2 });
  thing.see({ ...server });
  assert.deepEqual([thing.now().fields.text, thing.now().turn], ['theirs', 1]);
  thing.see({ ...server, text: 'from before', revision: 1 });
  assert.equal(thing.now().fields.text, 'theirs');
  thing.change({ name: 'mine' });
  Object.assign(server, { text: 'theirs again', revision: 3 });
  thing.see({ ...server });
  assert.deepEqual(thing.now().fields, { name: 'mine', text: 'theirs' });
  await pass();
  assert.equal(thing.now().saving.kind, 'conflict', 'one is asked');
  thing.choose('theirs');
  await pass();
  let release = () => {};
  state.hold = new Promise((resolve) => (release = resolve));
  thing.put({ text: 'an older version' });
  assert.equal(thing.now().turn, 3);
  const passing = pass();
  thing.see({ ...server, text: 'while it is saved', revision: 9 });
  assert.equal(thing.now().fields.text, 'an older version');
  release();
  await passing;
  assert.equal(server.text, 'an older version');
});

test('what is refused is said and kept; a line that is down is tried again by itself', async () => {
  const { server, state, open, pass } = world();
  const thing = open();
  state.fault = new ApiFault({ status: 400, code: 'bad_request', message: 'name: too long', field: 'name' });
  thing.change({ name: 'b' });
  await pass();
  assert.deepEqual(thing.now().saving, { kind: 'not saved', why: 'name: too long', field: 'name' });
  await pass();
  assert.equal(server.name, 'a', 'it is not tried again as it stands');
  state.fault = new ApiFault({ status: 0, code: 'offline', message: 'down' });
  thing.change({ name: 'c' });
  await pass();
  state.fault = undefined;
  await pass();
  assert.equal(server.name, 'c');
});
