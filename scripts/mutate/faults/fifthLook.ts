/** A fifth look, at webhooks, the queue and accounts: what of it the tests did not notice. */
import { inFile } from '../fault.ts';

export const fifthLookFaults = [
  ...inFile(
    'src/webhooks/gates.ts',
    ['src/webhooks/gates.test.ts'],
    [
      [
        'who leaves a place to who waits does not move the gate',
        'gate.movedMs = clock.monotonicMs();\n      const next',
        'const next',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/settling.ts',
    ['src/webhooks/batch.test.ts: a group of which one cannot be written'],
    [
      [
        'the flight of a group that is halved is over with its first half',
        'group.slice(0, half), false)',
        'group.slice(0, half), landed)',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/expand.ts',
    ['src/webhooks/expand.test.ts: what is too much for one statement'],
    [['once a statement was full each call has one of its own', 'characters = 0;\n    }', '}']],
  ),
  ...inFile(
    'src/webhooks/webhooks.ts',
    ['src/webhooks/webhooks.test.ts: bad input'],
    [
      [
        'a password without a user name is taken within an address',
        'if (url.username || url.password)',
        'if (url.username)',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/deliver.ts',
    ['src/webhooks/batch.test.ts'],
    [
      [
        'a batch that is over takes what a later one has in hand out of it',
        'if (inHand.get(ownerId)?.since === since) inHand.delete(ownerId);',
        'inHand.delete(ownerId);',
        ['src/webhooks/batch.test.ts: a call that came again'],
      ],
      [
        'until when a call was put off is forgotten for what was read before',
        'Math.max(untilMs, held.get(callId) ?? 0)',
        'untilMs',
        ['src/webhooks/batch.test.ts: one that was read before'],
      ],
    ],
  ),
  ...inFile(
    'src/queue/queue.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'what is due soon rings at once, and then no more',
        'Math.max(0, dueMs - clock.nowMs()) + 1',
        '0',
        ['src/queue/work.test.ts: what falls due soon'],
      ],
      [
        'of all that is to be added to a transaction only the first is',
        'for (const add of added) await add(tx);',
        'await added[0]?.(tx);',
        ['src/queue/work.test.ts: what is selected is put in once'],
      ],
      [
        'that a run flows is told to nobody by who owns the first lane',
        "what === 'streams' || !ownedHere(lane)",
        '!ownedHere(lane)',
        ['src/queue/work.test.ts: a wake reaches other processes'],
      ],
    ],
  ),
  ...inFile(
    'src/queue/lanes/leases.ts',
    ['src/queue/lanes/leases.test.ts'],
    [
      [
        'a lease counts from when renewing was over',
        'renewedAt = startedAt;',
        'renewedAt = clock.monotonicMs();',
      ],
      [
        'where lanes cannot be shared evenly some are nobody’s',
        'Math.ceil(total / Math.max(1, workers))',
        'Math.floor(total / Math.max(1, workers))',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/bulk.ts',
    ['src/queue/bulk.test.ts: a claim that finds nothing'],
    [
      [
        'a claim that finds nothing keeps room for one, for ever',
        'rooms.leave(charged, each * lanes.length - found)',
        'rooms.leave(charged, each * lanes.length - Math.max(found, 1))',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/authenticate.ts',
    ['src/accounts/access.test.ts: signs a token'],
    [
      [
        'a key that is over signs tokens',
        'key.workspaceId !== input.workspaceId || !isInTime(key, input.nowMs)',
        'key.workspaceId !== input.workspaceId',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/operators.ts',
    ['src/accounts/access.test.ts: names the field'],
    [
      [
        'a password is taken with which nobody can sign in',
        'password.length >= MIN_PASSWORD && password.length <= MAX_PASSWORD',
        'password.length >= MIN_PASSWORD',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/directory.ts',
    ['src/accounts/workspaces.test.ts: is fresh at once'],
    [['the list of integrations is kept though one of them changed', 'lists.clear();', '']],
  ),
  ...inFile(
    'src/accounts/keeping.ts',
    ['test/workspaceSettings.test.ts: what a test workspace keeps'],
    [
      [
        'what a test workspace keeps goes by our clock',
        "column === 'at_ms' ? beforeMs + aheadMs : firstIdAt(beforeMs)",
        "column === 'at_ms' ? beforeMs : firstIdAt(beforeMs)",
      ],
    ],
  ),
];
