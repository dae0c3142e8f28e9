/** Faults of what campaigns lead to and of who waits to be decided on: chains, what comes late, pauses, merges, who is let in by hand. */
import { inFile } from '../fault.ts';

export const campaignLedFaults = [
  ...inFile(
    'src/campaigns/enrol/chain.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'campaigns lead to each other once less than they may',
        '(trigger?.depth ?? 0) > CAMPAIGN_LIMITS.chain',
        '(trigger?.depth ?? 0) >= CAMPAIGN_LIMITS.chain',
      ],
      [
        'each campaign is as deep as the one before',
        'return (trigger?.depth ?? 0) + 1;',
        'return trigger?.depth ?? 1;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'what has led too far lets in',
        "goesTooFar(trigger) ? 'chain' : refusalOf",
        "false ? 'chain' : refusalOf",
      ],
      [
        'who waits is decided on in a pause',
        "if (campaign && campaign.paused !== 'all')\n        decide(",
        'if (campaign)\n        decide(',
      ],
      [
        'time goes on in a pause for who waits to be decided on',
        "if (campaign.paused === 'all' || atMs < enrolment.place.dueMs)",
        'if (atMs < enrolment.place.dueMs)',
      ],
      [
        'who waited enters by a version that is closed',
        '    versionId: version.id,\n    epoch: campaign.epoch,\n    arm,',
        '    arm,',
      ],
      [
        'who did not enter is counted as one who left',
        '  if (enrolment.arm === null) {\n    drop(member, enrolment, changes);',
        '  if (enrolment.arm === undefined) {\n    drop(member, enrolment, changes);',
      ],
      [
        'of two who become one both enter',
        '  if (refusal !== undefined) return exit(member, enrolment, refusal, asOfMs, changes);\n',
        '  void refusal;\n',
      ],
      [
        'who reaches the goal that ends it stays',
        'if (enrolment && goal.exit) exit(',
        'if (enrolment && goal.exit && enrolment.arm === null) exit(',
      ],
      [
        'what a step sets is not seen by the campaigns behind it',
        "if (effect.do === 'set') member.facts = withAttributes(member.facts, effect.attributes);",
        '',
        ['src/campaigns/enrol/look.test.ts'],
      ],
      [
        'a change that campaigns made counts as one from outside',
        'member.depth = Math.max(member.depth, depthBehind(next));',
        'member.depth = 0;',
        ['src/campaigns/enrol/look.test.ts'],
      ],
      [
        'what comes late for who has left is told of nobody',
        '  noteLate(live, member, left, event, changes);\n',
        '',
        ['test/campaigns.test.ts'],
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['src/campaigns/backtest/replay.test.ts'],
    [
      [
        'what nobody waits for is told to each who is in',
        "return version.takes.has(name) || version.file.checkFilter === 'always' || isOfSends(name);",
        'return true;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/did.ts',
    ['src/campaigns/backtest/replay.test.ts'],
    [
      [
        'a rule goes through all that was ever done',
        'if (one.atMs < sinceMs) break;',
        'if (one.atMs < sinceMs) continue;',
      ],
    ],
  ),
  ...inFile(
    'src/base/bitByBit.ts',
    ['src/campaigns/backtest/replay.test.ts'],
    [['a long replay holds the process', 'await setImmediate();', '']],
  ),
  ...inFile(
    'src/campaigns/enrol/refusal.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'who waits to be decided on stands in their own way',
        '({ arm }) => !waiting || arm !== null',
        '() => true',
      ],
      [
        'who waits enters under a key that was used',
        'if (entries.hasKey(campaign.id, entryKey))',
        'if (!waiting && entries.hasKey(campaign.id, entryKey))',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/steered.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      ['who has not entered is told as moved', '  if (!isIn) return;\n', ''],
      [
        'a pause takes the time of who waits to be decided on',
        'const dueMs = nowMs + Math.max(0, place.dueMs - Math.max(pausedMs, place.sinceMs));',
        'const dueMs = nowMs;',
      ],
      [
        'who waited through a pause is forgotten',
        "  if (campaign && campaign.paused !== 'all')\n    decide({ live, member, campaign, asOfMs: nowMs, changes }, waiting);\n",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/late.ts',
    ['src/campaigns/enrol/late.test.ts'],
    [
      [
        'what comes late is told each time',
        'entry.missed = { seq: seq + 1, steps: others };',
        'entry.missed = { seq: seq + 1, steps };',
      ],
      [
        'what comes late is written over what was decided',
        'return missed ? missed.seq++ : place.seq;',
        'return place.seq;',
      ],
      [
        'what comes late is told of any cart',
        'if (!isLate(known, event, run, member.facts, around)) continue;',
        'if (steps[event.name] === undefined) continue;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/step.ts',
    ['src/campaigns/steps/step.test.ts'],
    [
      [
        'a wait that ran out of time knows nothing of it',
        '      this.#place.missed = { ...this.#place.missed, [wait.event]: current.key };\n',
        '',
      ],
      ['what comes late is told each time of who is in it', '    this.#place.missed = missed;\n', ''],
      [
        'a set that cannot be is taken as done',
        "if (!this.#makes(changeOf(current))) return this.#on(at, 'failed', 'more attributes than may be kept');",
        'this.#makes(changeOf(current));',
        ['src/campaigns/enrol/engine.test.ts'],
      ],
      [
        'what became of a message in a pause is forgotten',
        'if (one.atMs >= sinceMs && this.#heardOfSend(current, one)) return;',
        'if (one.atMs < sinceMs && this.#heardOfSend(current, one)) return;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/resumed.ts',
    ['src/campaigns/steps/step.test.ts'],
    [
      [
        'who came to a step in the pause waits for all of it',
        'Math.max(0, byMs - Math.max(0, place.sinceMs - pausedMs))',
        'byMs',
      ],
      [
        'what is caught up with is sent however late',
        'if (byMs === 0) held.lateMs = (place.lateMs ?? 0) + nowMs - held.dueMs;',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/waits.ts',
    ['src/campaigns/steps/step.test.ts'],
    [
      [
        'what was done in the time that a pause added does not count',
        'event.atMs > sinceMs + heldMs + durationMs(wait.timeout)!',
        'event.atMs > sinceMs + durationMs(wait.timeout)!',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/changed.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'a set that is too large is lost without a word',
        '> CONTACT_LIMITS.attributesBytes ? undefined : after',
        '> CONTACT_LIMITS.attributesBytes * 2 ? undefined : after',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/segments/heard.ts',
    ['test/campaignsSteps.test.ts'],
    [
      [
        'a circle by a value goes on for ever',
        'properties: depth ? JSON.stringify({ depth }) : null,',
        'properties: null,',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/events/told.ts',
    ['test/campaignsSteps.test.ts'],
    [
      [
        'messages set each other off for ever',
        'BY_ITSELF.has(one.name) ? { depth: (of.depth ?? 0) + 1 } : {}',
        'BY_ITSELF.has(one.name) ? { depth: 1 } : {}',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/write.ts',
    ['test/campaignsSteps.test.ts'],
    [['a change that a campaign made is told as one from outside', '  noteDepths(tx, depths);\n', '']],
  ),
  ...inFile(
    'src/campaigns/enrol/sql.people.ts',
    ['test/campaigns.test.ts'],
    [
      [
        'who waits to be decided on ends what the other is in',
        'CASE WHEN s.is_in THEN s.arm IS NOT NULL ELSE',
        'CASE WHEN s.is_in THEN true ELSE',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/report/lists.ts',
    ['test/campaigns.test.ts'],
    [
      [
        'who was taken out is told as one who came to the end',
        "return ending === 'completed' ? ending : `exited: ${ending}`;",
        "return 'completed';",
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/byHand.ts',
    ['test/campaignsConsole.test.ts'],
    [
      [
        'the forecast forgets the filter',
        "return filter && !evaluate(filter, member.facts, { trigger, asOfMs }).holds ? 'filter' : undefined;",
        "return filter && !evaluate(filter, member.facts, { trigger, asOfMs }) ? 'filter' : undefined;",
      ],
      [
        'who is let in by hand twice is in twice',
        '    key: keyOfCall(campaign.version, key),\n  }));',
        '    key: keyOfCall(campaign.version, `${key} ${nowMs}`),\n  }));',
      ],
      ['any campaign lets in by hand', 'return letsInByHand(row.file.trigger)', 'return true'],
      [
        'who is in a segment already is not let in by hand',
        "return watched !== null && 'on' in watched && watched.on === 'entered';",
        'return false;',
        ['test/campaignsScenarios.test.ts: scenarios 9 and 22'],
      ],
      [
        'those who are named are looked for in one lane',
        'const here = contacts.filter(isHere);',
        'const here = contacts.filter((_, i) => i === 0 && isHere(contacts[0]!));',
      ],
    ],
  ),
  ...inFile(
    'src/contacts/imports/import.ts',
    ['test/campaignsConsole.test.ts'],
    [['an import that may set off does not', 'if (!setsOff) hushChanges(tx);', 'hushChanges(tx);']],
  ),
  ...inFile(
    'src/contacts/imports/imports.ts',
    ['test/campaignsConsole.test.ts'],
    [
      [
        'an import sets off more than whoever began it thought',
        'if (setsOff !== undefined && setsOff !== row.rows)',
        'if (setsOff !== undefined && setsOff < 0)',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/since.ts',
    ['test/campaignsSince.test.ts'],
    [
      [
        'who did something else is let in for the past',
        'return !where || whereHolds(where, event, member.facts, { trigger: event, asOfMs });',
        'return true;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/decisions.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'decisions of different instants are told as of the first',
        '`${one.enrolmentId}|${one.atMs}`',
        '`${one.enrolmentId}`',
      ],
      [
        'a detail that reads like a row of several is taken for one',
        'if (row.what !== SEVERAL || row.detail === null)',
        'if (row.what !== SEVERAL && row.detail !== SEVERAL)',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/sql.tasks.ts',
    ['src/campaigns/plans.test.ts'],
    [['a task takes those of the lanes behind, too', '${last + 1}::smallint', '${4096}::smallint']],
  ),
  ...inFile(
    'src/campaigns/enrol/own.ts',
    ['src/campaigns/plans.test.ts'],
    [
      [
        'what is told of a message again is new',
        'const isFirst = seen !== undefined && (seen & one.bit) === 0;',
        'const isFirst = seen !== undefined;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'who cannot enter anew leaves all the same',
        '    if (member.entries.hasKey(campaign.id, entryKey)) return false;\n',
        '',
      ],
      [
        'who is to begin anew is kept out by the cooldown of where they are',
        '    begin(who, trigger, entryKey);\n    return true;',
        '    enter(who, trigger, entryKey);\n    return true;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/step.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'what was sent is sent again to whom is refreshed',
        'if (!current || this.#place.phase || !isWait(current)) return;',
        'if (!current) return;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/moved.ts',
    ['src/campaigns/steps/step.test.ts'],
    [['what is a send now is passed by', 'if (!isWait(is) || !isWait(was))', 'if (!isWait(was))']],
  ),
  ...inFile(
    'src/campaigns/steps/waits.ts',
    ['src/campaigns/steps/step.test.ts'],
    [
      [
        'a changed wait ends at any time of day',
        "  if ('wait' in step) return restsUntil(step.wait, zone, fromMs + durationMs(step.wait.for)!);\n",
        "  if ('wait' in step) return fromMs + durationMs(step.wait.for)!;\n",
      ],
    ],
  ),
];
