/** Faults of segments: whom a rule holds for, from when, and what is set off by it. */
import { inFile } from '../fault.ts';

export const segmentFaults = [
  ...inFile(
    'src/campaigns/match/evaluate.ts',
    ['test/segments.test.ts'],
    [
      [
        'whoever never did it did it',
        'const none: Truth = { holds: atLeast === 0,',
        'const none: Truth = { holds: true,',
      ],
      [
        'time alone changes nothing',
        'flipsMs: Math.min(...matters.map((atMs) => atMs + withinMs + 1)), lacks: false',
        'flipsMs: Infinity, lacks: false',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/look.ts',
    ['test/segments.test.ts'],
    [
      [
        'who is in a segment enters it again',
        'if (isIn === (was !== undefined) && (was?.value ?? null) === value) return undefined;',
        'if (!isIn && !was) return undefined;',
      ],
      [
        'what is hushed sets off',
        'if (!isHushed) for (const one of crossed) setOff',
        'for (const one of crossed) setOff',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/look.ts',
    ['test/campaigns.test.ts'],
    [
      [
        'what was done long ago sets off by a segment',
        'const agoMs = counts ? atMs - did.atMs : 0;',
        'const agoMs = 0;',
      ],
      [
        'what is learnt together with something old sets nothing off',
        "const counts = did && watch.kind === 'rule' && namesIn(watch.rule).some(({ name }) => name === did.name);",
        'const counts = did;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/look.ts',
    ['src/campaigns/enrol/look.test.ts'],
    [
      [
        'who has not been gone through sets off',
        "if (watch.kind === 'date' || member.unknown.has(watch.id)) return undefined;",
        "if (watch.kind === 'date') return undefined;",
      ],
      [
        'campaigns set each other off for ever by what they change',
        'depth > 0 ? { ...trigger, depth } : trigger',
        'trigger',
      ],
      ['what one change led to counts for the next', '    member.depth = 0;\n', ''],
    ],
  ),
  ...inFile(
    'src/campaigns/segments/build.ts',
    ['test/segments.test.ts'],
    [
      [
        'a segment is live before all lanes are gone through',
        'if (!segment || (await selectTaskOf(tx, segment.id))) return;',
        'if (!segment) return;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/segments/segments.ts',
    ['test/segments.test.ts'],
    [
      [
        'a rule that is changed holds for whom it held before',
        'if (!isSame) await build(deps, tx, changed);',
        '',
      ],
      [
        'a segment that a campaign names is deleted',
        "if (user) return fault('conflict', `campaign ${user.key} names this segment`);",
        '',
      ],
      ['a change that is under way when it is built is lost', 'nowMs + LISTENING_MS,', 'nowMs,'],
    ],
  ),
  ...inFile(
    'src/campaigns/segments/segments.ts',
    ['test/consoleAudiences.test.ts'],
    [['a list that is renamed is another’s in segments', '    await goThrough(deps, tx, now);\n', '']],
  ),
  ...inFile(
    'src/campaigns/segments/heard.ts',
    ['test/segments.test.ts'],
    [['an import sets campaigns off', 'flags: isHushed ? FLAG.history : 0,', 'flags: 0,']],
  ),
  ...inFile(
    'src/campaigns/segments/sql.rule.ts',
    ['test/segments.test.ts'],
    [
      ['another workspace’s list counts', 'WHERE s.workspace_id = ${workspaceId} AND s.kind', 'WHERE s.kind'],
      ['how often counts what came after', 'WHERE e.at_ms < ${untilMs} AND', 'WHERE'],
    ],
  ),
];
