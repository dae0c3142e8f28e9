/** Faults of campaigns and of orders. */
import { inFile } from '../fault.ts';

export const campaignFaults = [
  ...inFile(
    'src/campaigns/sql.keys.ts',
    ['src/campaigns/plans.test.ts'],
    [['what people entered is looked for among all who entered the same', '${of} + 0 = ANY', '${of} = ANY']],
  ),
  ...inFile(
    'src/campaigns/turnPart.ts',
    ['test/campaigns.test.ts'],
    [['what is waited for and sets nothing off wakes nobody', 'live.awaited.has(nameId!) ||', 'false ||']],
  ),
  ...inFile(
    'src/contacts/walk.ts',
    ['src/contacts/estimated.test.ts'],
    [['nobody in a sample is nobody for certain', 'Math.max(atLeast, 1)', 'atLeast']],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['test/campaigns.test.ts'],
    [
      [
        'who leaves while a campaign stands still goes on in it afterwards',
        'return left.ended && apply(live, member, enrolment, left, changes);',
        'return void left;',
      ],
    ],
  ),
  ...inFile(
    'src/orders/orders.ts',
    ['test/orders.test.ts'],
    [
      [
        'an order that is gone keeps its reference',
        'if (reference !== null) await dropReferences(tx, [{ workspaceId, clientId, reference, orderId: order.id }]);',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['test/campaigns.test.ts'],
    [
      ['what was told as history sets off', '  if (event.isHistory) return;\n', ''],
      ['what happened too long ago sets off', 'if (asOfMs - event.atMs > triggersWithinMs)', 'if (false)'],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/people.ts',
    ['test/campaignsMerged.test.ts'],
    [['a merge locks a lane when it has the contact', '!isStill && (await', 'false && (await']],
  ),
  ...inFile(
    'src/contacts/sql.merge.ts',
    ['test/campaignsMerged.test.ts'],
    [
      [
        'who is let in and who is merged write of one in any order',
        'AND id = ${id} FOR UPDATE`',
        'AND id = ${id} FOR NO KEY UPDATE`',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/people.ts',
    ['test/campaignsSteps.test.ts'],
    [
      [
        'of two who become one both mails go',
        '    await takeBack(deps, tx, [{ workspaceId, live: NOT_LIVE, exits, atMs, became: survivingId }]);\n',
        '',
      ],
      [
        'what the other did is found when the time is over',
        '  if (isIn) await tellMerged(deps, { tx, workspaceId, contactId: survivingId, atMs });\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'two campaigns start each other for ever',
        'depth: depthBehind(by), properties',
        'depth: 1, properties',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['test/campaignsSteps.test.ts'],
    [
      [
        'who is to begin anew goes on where they were',
        "if (whileActive === 'restart') {",
        "if (whileActive === 'restart' && asOfMs < 0) {",
      ],
      ['who begins anew is in twice', "    exit(member, enrolment, 'restarted', asOfMs, changes);\n", ''],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/refusal.ts',
    ['test/campaignsSteps.test.ts'],
    [['who was in enters again at once', "    return 'cooldown';", '    void cooldown;']],
  ),
  ...inFile(
    'src/campaigns/enrol/people.ts',
    ['test/campaignsSteps.test.ts'],
    [['who is erased stays in campaigns', '  await deleteCampaignRowsOf(tx, contactIds);\n', '']],
  ),
  ...inFile(
    'src/campaigns/enrol/keys.ts',
    ['test/campaigns.test.ts'],
    [
      [
        'two orders of one person are one',
        'hash53(`per ${JSON.stringify(value)}`)',
        'hash53(`per ${typeof value}`)',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/arms.ts',
    ['test/campaignsReport.test.ts'],
    [['who must get a message is held out', 'if (isMarketing && outside &&', 'if (outside &&']],
  ),
  ...inFile(
    'src/campaigns/enrol/goals.ts',
    ['test/campaignsReport.test.ts'],
    [
      [
        'euros and dollars are added',
        'goal.value === undefined || isOther ? 0 :',
        'goal.value === undefined ? 0 :',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/goals.ts',
    ['test/campaigns.test.ts'],
    [['who buys twice counts twice', 'n: before ? 0 : 1,', 'n: 1,']],
  ),
  ...inFile(
    'src/campaigns/enrol/goals.ts',
    ['test/campaignsAgain.test.ts'],
    [
      ['a value that nobody can add up is one', 'Math.abs(given) <= MOST_VALUE', 'Number.isFinite(given)'],
      ['what comes again after a week converts again', '!member.reached.has(', '!new Set<string>().has('],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/brake.ts',
    ['test/campaignsSince.test.ts'],
    [
      [
        'a campaign lets in any number',
        'if (n <= Math.max(LEAST, TIMES * expectedPerHour!)) continue;',
        'continue;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/takeBack.ts',
    ['test/campaignsSteps.test.ts'],
    [
      [
        'who leaves gets what waited for them',
        "return of !== 'transactional' && (cancelOnExit ?? of === 'marketing');",
        'return false;',
      ],
      [
        'what is wanted is taken back',
        "return of !== 'transactional' && (cancelOnExit ?? of === 'marketing');",
        'return true;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/optouts.ts',
    ['test/outboundCampaigns.test.ts'],
    [['who leaves a campaign goes on in it', '  await tellLeft(deps, tx, of, campaignIds, nowMs);\n', '']],
  ),
  ...inFile(
    'src/campaigns/events/take.ts',
    ['src/campaigns/events/events.test.ts'],
    [
      [
        'an event told twice counts twice',
        '(keyed.get(keyOf(one)) === one && fresh.has(keyOf(one)))',
        'true',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/campaigns.ts',
    ['test/campaignsConsole.test.ts'],
    [
      [
        'an old draft is written over a newer one',
        'if (revision === undefined || revision === now.revision) return undefined;',
        'return undefined;',
      ],
      [
        'what has ended is resumed',
        "lockedIn(tx, workspaceId, id, ['paused'], 'be resumed')",
        "lockedIn(tx, workspaceId, id, ['paused', 'ended'], 'be resumed')",
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/campaigns.ts',
    ['test/campaignsStream.test.ts'],
    [['paused it sends on', "const flowing = paused !== 'all';", 'const flowing = true;']],
  ),
  ...inFile(
    'src/campaigns/events/names.ts',
    ['test/outboundNames.test.ts'],
    [
      [
        'strangers fill all names there may be',
        "by === 'us' ? EVENT_LIMITS.names : EVENT_LIMITS.namesByStrangers",
        'by ? EVENT_LIMITS.names : EVENT_LIMITS.namesByStrangers',
      ],
      [
        'two that come at once count what neither sees',
        "await lockFor(tx, 'event names', workspaceId);",
        '',
        ['src/campaigns/events/events.test.ts'],
      ],
    ],
  ),
];
