/** Faults of segments: whom a rule holds for, from when, and what is set off by it. */
import { inFile } from '../fault.ts';

const SEGMENTS = ['test/segments.test.ts'];
const SCENARIOS = ['test/campaigns.test.ts', 'test/campaignsScenarios.test.ts'];
const STEPS = ['test/campaignsSteps.test.ts'];

export const segmentFaults = [
  ...inFile('src/campaigns/match/evaluate.ts', SEGMENTS, [
    [
      'whoever never did it did it',
      'const none: Truth = { holds: atLeast === 0,',
      'const none: Truth = { holds: true,',
    ],
    [
      'how often counts what was before',
      '.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)',
      '.filter(({ atMs }) => atMs < untilMs)',
    ],
    [
      'time alone changes nothing',
      'flipsMs: Math.min(...matters.map((atMs) => atMs + withinMs + 1)), lacks: false',
      'flipsMs: Infinity, lacks: false',
    ],
    [
      'at most is at least',
      'count >= atLeast && count <= atMost;\n  if (withinMs',
      'count >= atLeast;\n  if (withinMs',
    ],
    [
      'an attribute that is none is the trigger’s that is none',
      'value !== undefined && sameValue(',
      'sameValue(',
      SCENARIOS,
    ],
  ]),
  ...inFile('src/campaigns/enrol/look.ts', SEGMENTS, [
    [
      'who is in a segment enters it again',
      'if (isIn === (was !== undefined) && (was?.value ?? null) === value) return undefined;',
      'if (!isIn && !was) return undefined;',
    ],
    ['who leaves enters', "if (watch.kind === 'rule' && (on === 'entered') !== isIn) continue;", ''],
    [
      'what is hushed sets off',
      'if (!isHushed) for (const one of crossed) setOff',
      'for (const one of crossed) setOff',
    ],
    [
      'nobody looks again when time alone changes it',
      'if (nextMs < Infinity) changes.look(member, nextMs);',
      '',
    ],
    [
      'what is not gone through yet sets off',
      "if (watch.kind === 'date' || member.unknown.has(watch.id)) return undefined;",
      "if (watch.kind === 'date') return undefined;",
    ],
    ['a segment by a segment is a turn behind', 'member.facts = { ...member.facts, segments };', ''],
  ]),
  ...inFile('src/campaigns/segments/build.ts', SEGMENTS, [
    [
      'a segment is live before all lanes are gone through',
      'if (!segment || (await selectTaskOf(tx, id))) return;',
      'if (!segment) return;',
    ],
    [
      'a lane is gone through for its first',
      'if (ids.length === most) await noteTask(tx, { ...task, params: { filled: 1 } }, ids.at(-1));',
      'if (ids.length > most) await noteTask(tx, { ...task, params: { filled: 1 } }, ids.at(-1));',
    ],
    [
      'who is in it when it is made is not',
      "if (task.params['filled'] === undefined && segment.kind !== 'date') await fill",
      "if (task.params['filled'] !== undefined && segment.kind !== 'date') await fill",
    ],
  ]),
  ...inFile('src/campaigns/segments/segments.ts', SEGMENTS, [
    [
      'a rule that is changed holds for whom it held before',
      'if (!isSame) await build(deps, tx, changed);',
      '',
    ],
    [
      'a segment that a campaign names is deleted',
      "if (user) return fault('conflict', `campaign ${user.file.key} names this segment`);",
      '',
    ],
    ['a list that is renamed is another’s in segments', '    await build(deps, tx, one);\n', ''],
    ['a change that is under way when it is built is lost', 'nowMs + LISTENING_MS,', 'nowMs,'],
  ]),
  ...inFile('src/campaigns/segments/heard.ts', SEGMENTS, [
    ['a change of a contact is not heard', '    await insertArrivals(tx, rows);\n', ''],
    [
      'what this process began to keep it does not know',
      'if (hasBumped(tx)) doubtsUntilMs = clock.monotonicMs() + REMEMBERED_MS;',
      '',
    ],
    ['an import sets campaigns off', 'flags: isHushed ? FLAG.history : 0,', 'flags: 0,'],
    ['nobody is told who leaves everything', 'if (told.length) await tellOwn(deps, tx, told);', '', STEPS],
  ]),
  ...inFile('src/campaigns/segments/sql.rule.ts', SEGMENTS, [
    ['another workspace’s list counts', 'WHERE s.workspace_id = ${workspaceId} AND s.kind', 'WHERE s.kind'],
    [
      'nobody who never did it is in',
      'return atLeast === 0 ? db`(${holds} OR NOT ${did(db`true`)})` : holds;',
      'return holds;',
    ],
    ['how often counts what came after', 'WHERE e.at_ms < ${untilMs} AND', 'WHERE'],
    [
      'an attribute with a point in its name is none',
      'db`CASE WHEN ${json} ? ${path}::text THEN ${json} -> ${path}::text ELSE ${nested} END`',
      'nested',
    ],
  ]),
];
