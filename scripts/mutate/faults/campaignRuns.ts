/** Faults of how campaigns run: what is told to them, turns, tasks, versions, steps. */
import { inFile } from '../fault.ts';

const CAMPAIGNS = ['test/campaigns.test.ts'];
const SCENARIOS = [...CAMPAIGNS, 'test/campaignsScenarios.test.ts'];
const STEPS = ['test/campaignsSteps.test.ts'];
const REPORT = ['test/campaignsReport.test.ts'];
const CONSOLE = ['test/campaignsConsole.test.ts'];
const SEGMENTS = ['test/segments.test.ts'];
const EVENTS = ['src/campaigns/events/events.test.ts'];
const OUTBOUND = ['test/outboundCampaigns.test.ts'];

export const campaignRunFaults = [
  ...inFile('src/campaigns/events/take.ts', EVENTS, [
    ['an event told twice counts twice', '(keyed.get(keyOf(one)) === one && fresh.has(keyOf(one)))', 'true'],
    [
      'in one call an event told twice counts twice',
      'keyed.get(keyOf(one)) === one && fresh.has',
      'fresh.has',
    ],
    [
      'what was told of who became another is lost',
      '  await passOn(deps, tx, there, became);\n',
      '',
      [...EVENTS, ...CAMPAIGNS, ...OUTBOUND],
    ],
    [
      'what another took is taken again',
      'waiting.filter(({ id }) => left.has(id))',
      'waiting',
      [...EVENTS, ...CAMPAIGNS],
    ],
    [
      'what is told of who is erased is kept',
      'there.filter(({ contactId }) => present.has(contactId)),',
      'there,',
      [...EVENTS, ...CAMPAIGNS, 'test/erasedWhileWaiting.test.ts'],
    ],
    ['how often is how often last', 'count: (known?.count ?? 0) + 1,', 'count: 1,', [...EVENTS, ...SEGMENTS]],
  ]),
  ...inFile('src/campaigns/events/told.ts', CAMPAIGNS, [
    [
      'a message that arrived twice is told twice',
      'flags: FLAG.keyed | FLAG.own,',
      'flags: FLAG.own,',
      [...SCENARIOS, ...REPORT],
    ],
    [
      'an answer is told of no campaign',
      "if (type !== 'message.received') return [];",
      'return [];',
      SCENARIOS,
    ],
  ]),
  ...inFile('src/campaigns/turn.ts', CAMPAIGNS, [
    [
      'one bad event stops its lane',
      'return await setAside(deps, tx, lane, { nowMs, error });',
      'throw error;',
      ['test/campaignsApart.test.ts'],
    ],
    [
      'a lane that was lost is written',
      '        await fence(tx, lane);\n',
      '',
      ['test/campaignsCrash.test.ts', 'test/campaignsKilled.test.ts'],
    ],
  ]),
  ...inFile('src/campaigns/turnPart.ts', SCENARIOS, [
    [
      'who is in an old version stays there',
      'if (from && to && live.closed.has(from.id)) moveTo',
      'if (from && to && false) moveTo',
    ],
    [
      'in a workspace whose clock is moved on all is late',
      'workspace.clockAheadMs > 0 ? 0 : nowMs - timer.dueMs',
      'nowMs - timer.dueMs + workspace.clockAheadMs',
    ],
    [
      'an event is looked at as of now',
      'receivedMs, key, order, properties, isHistory }, nowMs, changes',
      'receivedMs: nowMs, key, order, properties, isHistory }, nowMs, changes',
    ],
    [
      'what is not known when something happened is known',
      '  setHorizons(members, arrivals);\n',
      '',
      ['test/campaignsBacktest.test.ts', ...SCENARIOS],
    ],
  ]),
  ...inFile('src/campaigns/due.ts', SCENARIOS, [
    [
      'what waits behind has come before what is due',
      'Math.min(nowMs, timeOfId(unread) - 1)',
      'nowMs',
      ['test/campaignsBacktest.test.ts', ...SCENARIOS],
    ],
  ]),
  ...inFile('src/campaigns/tasks.ts', SCENARIOS, [
    [
      'an ended campaign keeps who is in it',
      "if (task.kind === 'end') exit(member, enrolment, 'campaign_ended', nowMs, changes);",
      '',
      [...CONSOLE, ...SCENARIOS],
    ],
    [
      'what fell due in a pause is done at one moment',
      'const spreadMs = overMs > 0 ? enrolment.id % overMs : 0;',
      'const spreadMs = 0;',
    ],
    [
      'a pause is not added to what is waited for',
      'const dueMs = place.dueMs + byMs;',
      'const dueMs = place.dueMs;',
    ],
    [
      'a task is over after its first batch',
      'contactIds.length === most ? contactIds.at(-1) : undefined',
      'undefined',
      ['test/campaignsMany.test.ts', ...SCENARIOS],
    ],
  ]),
  ...inFile('src/campaigns/campaigns.ts', CONSOLE, [
    [
      'an old draft is written over a newer one',
      'if (revision === undefined || revision === now.revision) return undefined;',
      'return undefined;',
    ],
    [
      'paused it sends on',
      "const flowing = paused !== 'all';",
      'const flowing = true;',
      ['test/campaignsStream.test.ts'],
    ],
    [
      'what is ended is resumed',
      "await lockedIn(tx, workspaceId, id, ['paused'], 'be resumed')",
      "await lockedIn(tx, workspaceId, id, ['paused', 'ended'], 'be resumed')",
    ],
    ['ended it leaves who is in it', "await putTasks(deps, tx, now, 'end', {}, nowMs);", ''],
    [
      'a pause of all becomes one of entering',
      "if (now.paused === 'all' && what === 'entering')",
      'if (false)',
      [...CONSOLE, ...SCENARIOS],
    ],
    [
      'what is published is not the same epoch’s',
      'salt: isSame ? now.salt : randomToken(12),',
      'salt: randomToken(12),',
      [...REPORT, ...SCENARIOS],
    ],
    [
      'published it does not move who is in it',
      "if (current) await putTasks(deps, tx, now, 'move', {}, nowMs);",
      '',
      SCENARIOS,
    ],
    [
      'other processes do not hear of a pause',
      '  await updateCampaign(tx, paused);\n  await setFlow(deps, tx, paused);\n  await bumpStamp(tx);',
      '  await updateCampaign(tx, paused);\n  await setFlow(deps, tx, paused);',
      [...CONSOLE, ...SCENARIOS],
    ],
  ]),
  ...inFile('src/campaigns/enrol/sql.live.ts', CONSOLE, [
    [
      'another workspace’s campaign is steered',
      'WHERE c.workspace_id = ${workspaceId} AND c.id = ${id}\n',
      'WHERE c.id = ${id}\n',
      [...CONSOLE, 'test/consoleBadInput.test.ts'],
    ],
    [
      'a campaign that ended is alive',
      "AND c.state IN ('active', 'paused') ORDER BY c.id`",
      'ORDER BY c.id`',
      SCENARIOS,
    ],
    [
      'another workspace’s campaigns are set off',
      'FROM campaigns c\n    WHERE c.workspace_id = ${workspaceId} AND c.state IN',
      'FROM campaigns c\n    WHERE c.state IN',
      SCENARIOS,
    ],
  ]),
  ...inFile('src/campaigns/steps/step.ts', SCENARIOS, [
    [
      'what was done before they entered takes them out',
      'if (leaves && event.atMs >= this.#run.enteredMs)',
      'if (leaves)',
    ],
    [
      'what came too late for a wait ends it',
      'if (event.atMs < fromMs || event.atMs > sinceMs + durationMs(wait.timeout)!) return false;',
      'if (event.atMs < fromMs) return false;',
    ],
    [
      'what sets off a campaign ends its wait',
      'if (trigger && event.name === trigger.name && event.key === trigger.key) return false;',
      '',
    ],
    [
      'what ended one wait ends the next',
      'if (heard && (event.atMs < heard[0] || (event.atMs === heard[0] && event.key === heard[1]))) return false;',
      '',
    ],
    [
      'what was done already is waited for',
      '    if (found) {\n      this.#note(wait, found);',
      '    if (found && timeoutMs < 0) {\n      this.#note(wait, found);',
    ],
    [
      'what is far too late is sent',
      "if (this.#lateMs > lateByMs) return this.#on(at, 'suppressed', 'too_late');",
      '',
    ],
    [
      'a filter is not asked before sending',
      "(this.#version.file.checkFilter ?? 'before_send') === 'before_send'",
      "this.#version.file.checkFilter === 'before_send'",
    ],
    ['a timer that comes early is taken', 'if (this.#asOfMs < this.#place.dueMs) return;', ''],
    ['somebody goes in circles for ever', '(counted?.[key] ?? 0) <= CAMPAIGN_LIMITS.cyclePasses', 'true'],
    [
      'the holdout’s attributes are changed',
      "if (this.#run.isShadow) return this.#on(at, 'next', 'left out: of the holdout');\n    const { seq }",
      'const { seq }',
      [...REPORT, ...SCENARIOS],
    ],
    [
      'who gets it at a time of their own gets it at once',
      'return this.#wait(this.#asOfMs + offset, `within ${send.spread}`);',
      'return this.#wait(this.#asOfMs, `within ${send.spread}`);',
      STEPS,
    ],
    [
      'who waits for an hour is not asked again at it',
      "if (this.#place.phase === 'spread' || 'wait_until' in current) {",
      "if (this.#place.phase === 'spread') {",
    ],
    [
      'another message’s click is this one’s',
      'if (wait.of !== undefined && !isOfSend(event, id, wait.of)) return false;',
      '',
    ],
  ]),
  ...inFile('src/campaigns/steps/moved.ts', SCENARIOS, [
    [
      'a shorter wait is over for all at one moment',
      'return dueMs > nowMs ? dueMs : nowMs + (id % SPREAD_MS);',
      'return dueMs > nowMs ? dueMs : nowMs;',
    ],
    ['a step that is gone ends it', 'if (to.index.has(key)) return key;', ''],
    [
      'a wait that was changed is as long as before',
      'const dueMs = place.dueMs + now - before;',
      'const dueMs = place.dueMs;',
    ],
  ]),
];
