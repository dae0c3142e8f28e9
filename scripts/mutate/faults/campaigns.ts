/** Faults of campaigns: who enters, what is waited for, who leaves, what stands still, what is counted. */
import { inFile } from '../fault.ts';

const CAMPAIGNS = ['test/campaigns.test.ts'];
const SCENARIOS = [...CAMPAIGNS, 'test/campaignsScenarios.test.ts'];
const STEPS = ['test/campaignsSteps.test.ts'];
const REPORT = ['test/campaignsReport.test.ts'];
const CONSOLE = ['test/campaignsConsole.test.ts'];
const SEGMENTS = ['test/segments.test.ts'];
const OUTBOUND = ['test/outboundCampaigns.test.ts'];

export const campaignFaults = [
  ...inFile('src/campaigns/enrol/engine.ts', SCENARIOS, [
    [
      'who leaves while a campaign stands still goes on in it afterwards',
      'return left.ended && apply(live, member, enrolment, left, changes);',
      'return void left;',
      CAMPAIGNS,
    ],
    ['what was told as history sets off', '  if (event.isHistory) return;\n', ''],
    [
      'a goal that is reached keeps nobody from going on',
      'if (enrolment && goal.exit && !event.isHistory)',
      'if (false as boolean && enrolment)',
    ],
    ['what happened too long ago sets off', 'if (asOfMs - event.atMs > triggersWithinMs)', 'if (false)'],
    [
      'what does not fit sets off',
      'if (trigger?.where && !whereHolds(trigger.where, event, member.facts, around)) continue;',
      '',
    ],
    ['whoever is refused enters', 'if (refusal !== undefined) {', "if (refusal === 'anonymous') {"],
    [
      'a filter keeps nobody out',
      'if (truth && !truth.holds) {',
      'if (truth && truth.lacks && !truth.holds) {',
    ],
    [
      'who lacks what a filter asks is refused at once',
      'if (truth.lacks && asOfMs < enrolment.place.dueMs) {',
      'if (false) {',
    ],
    [
      'who is held out is written to',
      'isShadow: arm !== ARM.treated,',
      'isShadow: false,',
      [...REPORT, ...SCENARIOS],
    ],
    ['a campaign that stands still goes on', "if (campaign.paused === 'all') {", 'if (false) {'],
    [
      'a timer of what stands still is forgotten',
      "if (stimulus.kind === 'due') changes.keep(member, enrolment);",
      '',
    ],
    [
      'who is in an ended campaign goes on',
      "if (!campaign) return exit(member, enrolment, 'campaign_ended', asOfMs, changes);",
      'if (!campaign) return;',
    ],
    [
      'what a step changed is not known to the next',
      "if (effect.do === 'set') member.facts = withAttributes(member.facts, effect.attributes);",
      '',
      [...SCENARIOS, ...STEPS],
    ],
    [
      'two campaigns start each other for ever',
      'if (!campaign || member.depth >= CAMPAIGN_LIMITS.chain) return;',
      'if (!campaign) return;',
      STEPS,
    ],
    [
      'entered again it does not begin anew',
      "    exit(member, enrolment, 'restarted', asOfMs, changes);\n",
      '',
    ],
    ['once is as often as one likes', "    if (entry === 'once') return;\n", ''],
    [
      'a trigger that came again is not looked at',
      'const refreshed = { ...enrolment, trigger, place: { ...enrolment.place } };',
      'const refreshed = { ...enrolment, place: { ...enrolment.place } };',
    ],
    ['who has left has not ended', '    entry.ending = ending;\n', ''],
    [
      'who enters is not counted',
      "changes.count(member, entered as Enrolment & { arm: Arm }, 'entered');",
      '',
      [...CAMPAIGNS, ...CONSOLE],
    ],
    [
      'what is not sent is not told',
      "const event = { name: '$failed', atMs,",
      "const event = { name: '$none', atMs,",
    ],
  ]),
  ...inFile('src/campaigns/enrol/refusal.ts', SCENARIOS, [
    [
      'who left a campaign enters it',
      "if (member.left.has(campaign.id)) return 'unsubscribed';",
      '',
      OUTBOUND,
    ],
    [
      'a campaign that is paused lets in',
      "if (campaign.paused !== null) return 'paused';",
      '',
      [...CONSOLE, ...SCENARIOS],
    ],
    [
      'who entered enters again',
      'if (before.some((entry) => entry.entryKey === entryKey)) return',
      'if (false) return',
    ],
    ['nobody waits before they enter again', 'asOfMs - enteredMs < durationMs(cooldown)!', 'false'],
    ['two at once of one person', "(file.whileActive ?? 'ignore') !== 'alongside'", 'false'],
  ]),
  ...inFile('src/campaigns/enrol/keys.ts', CAMPAIGNS, [
    [
      'two orders of one person are one',
      'hash53(`per ${JSON.stringify(value)}`)',
      'hash53(`per ${typeof value}`)',
      [...SCENARIOS, 'test/orders.test.ts'],
    ],
    [
      'each event of a name is the same',
      'hash53(`event ${event.name} ${event.key}`)',
      'hash53(`event ${event.name}`)',
      SCENARIOS,
    ],
  ]),
  ...inFile('src/campaigns/enrol/arms.ts', REPORT, [
    [
      'the same are held out of everything',
      'if (holdoutPoints > 0 && pointOf(salt, contactId) < holdoutPoints)',
      "if (holdoutPoints > 0 && pointOf('', contactId) < holdoutPoints)",
    ],
    ['who must get a message is held out', 'if (isMarketing && outside &&', 'if (outside &&'],
    [
      'variants go by the holdout’s lots',
      'pointOf(`${salt}:variants`, contactId)',
      'pointOf(salt, contactId)',
    ],
    [
      'the last variant gets what is the first’s',
      '    left -= points;\n    if (left < 0) return key;',
      '    left -= points;\n    if (left > 0) return key;',
    ],
  ]),
  ...inFile('src/campaigns/enrol/goals.ts', REPORT, [
    [
      'a goal long after counts',
      'event.atMs > untilMs ||',
      '',
      [...SCENARIOS, 'test/campaignsBacktest.test.ts', ...REPORT],
    ],
    [
      'a goal before they entered counts',
      'event.atMs < entry.enteredMs ||',
      '',
      [...SCENARIOS, 'test/campaignsBacktest.test.ts', ...REPORT],
    ],
    [
      'euros and dollars are added',
      'goal.value === undefined || isOther ? 0 :',
      'goal.value === undefined ? 0 :',
      [...CAMPAIGNS, ...REPORT],
    ],
    [
      'who buys twice counts twice',
      'n: before ? 0 : 1,',
      'n: 1,',
      [...CAMPAIGNS, ...REPORT, 'test/campaignsBacktest.test.ts'],
    ],
  ]),
  ...inFile(
    'src/campaigns/enrol/brake.ts',
    ['test/campaignsSince.test.ts'],
    [
      ['a campaign lets in any number', 'if (all <= most) continue;', 'continue;'],
      ['nothing is expected, and all is too much', 'Math.max(LEAST, TIMES * expectedPerHour!)', '0'],
    ],
  ),
  ...inFile('src/campaigns/enrol/send.ts', STEPS, [
    [
      'who has left is written to',
      '        ? LEFT_CAMPAIGN\n',
      '        ? draft(done, person, workspace, byChannel)\n',
      OUTBOUND,
    ],
    [
      'a campaign is sent as single messages',
      "stream: messageClass === 'transactional' ? 0 : streamApart(campaignId)",
      'stream: 0',
      ['test/campaignsStream.test.ts'],
    ],
    ['what it sent is not known as its', '  await insertSends(tx, rows);\n', ''],
    [
      'a variant is another’s',
      'variants!.find(({ key }) => key === variant) ?? variants![0]!',
      'variants![0]!',
      [...REPORT, ...CAMPAIGNS],
    ],
  ]),
  ...inFile('src/campaigns/enrol/takeBack.ts', STEPS, [
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
  ]),
  ...inFile('src/campaigns/enrol/write.ts', CAMPAIGNS, [
    ['who is gone is written again', '.filter(({ id }) => !changes.enrolments.has(id))', ''],
    ['a timer of what stands still fires', '(isPaused ? FAR_MS : 0)', '0', SCENARIOS],
    [
      'when a filter flips nobody looks',
      'Math.min(place.dueMs, place.lookMs ?? Infinity)',
      'place.dueMs',
      SCENARIOS,
    ],
    [
      'what a campaign tags is not tagged',
      'if (tagged.length) await tagContacts',
      'if (tagged.length < 0) await tagContacts',
      SCENARIOS,
    ],
    [
      'a test workspace’s time is ours',
      'atMs - workspace.clockAheadMs + (isPaused',
      'atMs + (isPaused',
      SCENARIOS,
    ],
  ]),
  ...inFile('src/campaigns/enrol/sql.write.ts', CAMPAIGNS, [
    [
      'timers outlive what they are of',
      'await db`DELETE FROM timers t USING ${keys} WHERE',
      'if (rows.length < 0) await db`DELETE FROM timers t USING ${keys} WHERE',
      [...SCENARIOS, 'test/campaignsCrash.test.ts'],
    ],
    ['what is overdue is looked at later', '\n      WHERE t.due_ms > ${nowMs}`', '`', SEGMENTS],
    [
      'counts are those of the last turn',
      'DO UPDATE SET n = t.n + excluded.n,',
      'DO UPDATE SET n = excluded.n,',
      [...CAMPAIGNS, 'test/campaignsBacktest.test.ts'],
    ],
  ]),
  ...inFile('src/campaigns/enrol/people.ts', OUTBOUND, [
    [
      'two who become one are in it twice',
      'const ends = clashing.filter((one) => one.arm !== null);',
      'const ends = clashing.filter((one) => one.arm === null);',
      [...CAMPAIGNS, 'test/erase.test.ts'],
    ],
    [
      'who stays is in none of the campaigns of who is gone',
      'await moveEnrolments(tx, discardedId, survivingId);',
      '',
      [...SCENARIOS, 'test/erase.test.ts'],
    ],
  ]),
  ...inFile('src/campaigns/enrol/optouts.ts', OUTBOUND, [
    ['who left under another id has not left', 'await copyOptouts(tx, discardedId, survivingId);', ''],
    ['who leaves a campaign goes on in it', '  await tellLeft(deps, tx, of, campaignIds, nowMs);\n', ''],
    [
      'nobody asks whether somebody has left',
      'if (await markLeft(tx, campaignIds)) await bumpStamp(tx);',
      '',
    ],
    [
      'who comes back stays out',
      "if (act === 'come back') return await deleteOptouts(tx, of.contactId, campaignIds);",
      "if (act === 'come back') return;",
    ],
  ]),
];
