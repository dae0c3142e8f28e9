/** Whose turn a conversation is, and what each thing said or commanded changes about that (W31, api/web1on1.md §B.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  newThread,
  note,
  obey,
  readCommand,
  speak,
  type Command,
  type Participant,
  type Table,
} from './participants.ts';

const ann = { userId: 'a1', name: 'Ann', role: 'agent' };
const ben = { userId: 'b2', name: 'Ben', role: 'agent' };
const around = { inbox: 'inbox', nameOf: (userId: string) => `User ${userId}` };

function table(): Table {
  const thread = newThread({ id: 77, workspaceId: 1, contactId: 5, createdBy: '', createdMs: 10 });
  return { thread, participants: [] };
}
const who = ({ participants }: Table, userId: string): Participant =>
  participants.find((one) => one.userId === userId)!;
const act = (at: Table, actor: typeof ann, text: string, meta = {}, nowMs = 20) =>
  obey(at, actor, readCommand(text, meta), nowMs, around);

test('a thread begins closed, with a name and a slug that follow from its id', () => {
  const { thread } = table();
  assert.deepEqual([thread.status, thread.channels, thread.touchpoint], ['closed', [], null]);
  assert.match(thread.slug, /^[0-9A-Z]{9}$/);
  const begin = { workspaceId: 1, contactId: 5, createdBy: '', createdMs: 99 };
  const made = Array.from({ length: 500 }, (_, i) => newThread({ ...begin, id: i + 1 }));
  assert.equal(new Set(made.map(({ slug }) => slug)).size, 500);
  assert.deepEqual([made[76]!.slug, made[76]!.name], [thread.slug, thread.name]);
});

test('who speaks takes the conversation over: it is active, nobody is called for, and the others have something to read', () => {
  const at = table();
  act(at, ben, '/join');
  act(at, ben, '/notify');
  assert.deepEqual([at.thread.status, at.thread.channels], ['queued', ['inbox']]);
  speak(at, ann, 'sms', 30);
  assert.deepEqual([at.thread.status, at.thread.channels, at.thread.touchpoint], ['active', [], 'sms']);
  assert.deepEqual(
    [who(at, 'a1').accepted, who(at, 'a1').active, who(at, 'a1').unreadCount],
    [true, true, 0],
  );
  assert.deepEqual([who(at, 'b2').accepted, who(at, 'b2').unreadCount], [false, 1]);
  speak(at, ann, 'whatsapp', 31);
  assert.equal(at.thread.touchpoint, 'sms', 'what was selected stays selected');
  assert.equal(who(at, 'b2').unreadCount, 2);
  assert.equal(at.participants.length, 2, 'nobody is there twice');
});

test('the last who had accepted it closes it; who leaves while another has it does not', () => {
  const at = table();
  act(at, ann, '/accept');
  act(at, ben, '/accept');
  act(at, ann, '/leave');
  assert.equal(at.thread.status, 'active');
  assert.deepEqual([who(at, 'a1').active, who(at, 'a1').accepted], [false, false]);
  act(at, ben, '/close');
  assert.equal(at.thread.status, 'closed');
  const empty = table();
  act(empty, ann, '/leave');
  assert.deepEqual(
    [empty.thread.status, empty.participants],
    ['closed', []],
    'who was not there is not made up',
  );
});

test('notify calls for the channels that are named, or for the inbox, each once; what is active stays so', () => {
  const at = table();
  const channels = ['sales', 'support'];
  assert.deepEqual(act(at, ann, '/notify', { channels: [...channels, 'sales'], organizations: 'org' }), [
    'sales',
    'support',
    'org',
  ]);
  assert.deepEqual(at.thread.channels, ['sales', 'support', 'org']);
  assert.deepEqual(act(at, ann, '/notify', { channels: 'support' }), ['support'], 'told again');
  assert.deepEqual(at.thread.channels, ['sales', 'support', 'org']);
  act(at, ann, '/accept');
  assert.deepEqual(at.thread.channels, []);
  assert.deepEqual(act(at, ann, '/notify'), ['inbox']);
  assert.equal(at.thread.status, 'active');
});

test('assigned users take part, wait in their inbox and have accepted nothing', () => {
  const at = table();
  assert.deepEqual(act(at, ann, '/assign', { users: ['b2', 'c3', 7] }), []);
  assert.deepEqual(
    at.participants.map(({ userId, name, inbox, accepted }) => [userId, name, inbox, accepted]),
    [
      ['b2', 'User b2', true, false],
      ['c3', 'User c3', true, false],
    ],
  );
  act(at, ben, '/accept');
  assert.deepEqual(
    [who(at, 'b2').inbox, who(at, 'b2').name],
    [false, 'User b2'],
    'who is known keeps the name',
  );
});

test('set keeps what the caller may set, and an empty value takes it away', () => {
  const at = table();
  act(at, ann, '/set plan gold and more');
  assert.deepEqual(at.thread.meta, { plan: 'gold and more' });
  act(at, ann, '/set plan');
  assert.deepEqual(at.thread.meta, {});
  act(at, ann, '/set @category billing');
  act(at, ann, '/set @name The   bill');
  act(at, ann, '/set @language nl_NL');
  assert.deepEqual(
    [at.thread.category, at.thread.name, at.thread.language],
    ['billing', 'The bill', 'nl_NL'],
  );
  act(at, ann, '/set @language Dutch please');
  act(at, ann, '/set @name');
  act(at, ann, '/set @status active');
  act(at, ann, '/set');
  assert.deepEqual([at.thread.name, at.thread.language, at.thread.status], ['The bill', 'nl_NL', 'closed']);
  assert.deepEqual(at.thread.meta, {}, 'a field of the thread is no field of the caller’s');
  act(at, ann, '/set @category');
  act(at, ann, '/set @language');
  assert.deepEqual([at.thread.category, at.thread.language], [null, null]);
});

test('a command is its first word, whatever its case; what is another’s does nothing', () => {
  const read = (text: string, meta = {}) => readCommand(text, meta);
  assert.deepEqual(read('  /ACCEPT now '), { kind: 'accept' });
  for (const text of ['', ' ', '/acceptall', 'accept', '/menu 2', '/', '//accept'])
    assert.deepEqual(read(text), { kind: 'none' }, JSON.stringify(text));
  assert.deepEqual(read('/assign', { users: 'b2' }), { kind: 'assign', users: ['b2'] });
  assert.deepEqual(read('/assign', { users: { id: 'b2' } }), { kind: 'assign', users: [] });
});

test('whatever is said and commanded, by whomever: an active conversation is somebody’s or was somebody’s word, a closed one calls for nobody', () => {
  const command = fc.oneof(
    fc.constantFrom<Command>({ kind: 'accept' }, { kind: 'join' }, { kind: 'leave' }, { kind: 'none' }),
    fc.array(fc.constantFrom('a1', 'b2', 'c3')).map((users): Command => ({ kind: 'assign', users })),
    fc.array(fc.constantFrom('x', 'y')).map((channels): Command => ({ kind: 'notify', channels })),
  );
  const step = fc.record({
    by: fc.constantFrom(ann, ben),
    what: fc.oneof(command, fc.constantFrom('speak' as const, 'note' as const)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const at = table();
      let nowMs = 100;
      for (const { by, what } of steps) {
        nowMs++;
        const before = at.participants.map((one) => ({ ...one }));
        if (what === 'speak') speak(at, by, 'sms', nowMs);
        else if (what === 'note') note(at, by.userId, nowMs);
        else obey(at, by, what, nowMs, around);
        assert.equal(at.thread.updatedMs, nowMs);
        assert.equal(new Set(at.participants.map(({ userId }) => userId)).size, at.participants.length);
        for (const one of before)
          assert.ok(
            at.participants.some(({ userId }) => userId === one.userId),
            'nobody is lost',
          );
        const isTaken = at.participants.some(({ accepted }) => accepted);
        if (isTaken) assert.equal(at.thread.status, 'active');
        if (at.thread.status === 'closed') assert.deepEqual([isTaken, at.thread.channels], [false, []]);
        assert.equal(new Set(at.thread.channels).size, at.thread.channels.length);
        for (const { unreadCount } of at.participants) assert.ok(unreadCount >= 0);
      }
    }),
  );
});
