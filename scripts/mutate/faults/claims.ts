/** Faults of a claim of many lanes. */
import { inFile } from '../fault.ts';

export const claimFaults = [
  ...inFile(
    'src/queue/work/sql.ts',
    ['src/queue/work.test.ts'],
    [
      ['a sleeper claims', 'AND l.lane = k.lane AND l.epoch = k.epoch', 'AND l.lane = k.lane'],
      [
        'the limit is not kept',
        'ORDER BY due_ms, owner_id, cause_id LIMIT ${claim.limit}) d',
        'ORDER BY due_ms) d',
      ],
      [
        'what is in flight is taken again',
        '\n          AND (owner_id, cause_id, seq) NOT IN',
        '\n          OR (owner_id, cause_id, seq) IN',
      ],
      [
        'full rooms are not passed over',
        '          AND workspace_id <> ALL(${[...passOver]}::bigint[])\n',
        '',
      ],
      [
        'a large claim begins as a whole',
        'count(*) <= ${claim.wholeUpTo}\n      FROM picked p',
        'true FROM picked p',
      ],
      [
        'what is not due is taken',
        'AND stream = ${stream} AND due_ms <= ${nowMs}\n          AND (owner_id',
        'AND stream = ${stream}\n          AND (owner_id',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/lostClaims.ts',
    ['src/queue/lostClaims.test.ts'],
    [
      [
        'a lost claim stays',
        '      } catch (error) {\n        fresh.push(...flights);',
        '      } catch (error) {',
      ],
      ['claims go on over a lost one', '      await takeBackFresh();\n      try {', '      try {'],
      ['what arrives later stays', '    deleted.push({ untilMs', '    void ({ untilMs'],
      [
        'what could not be taken back is forgotten',
        '    } catch (error) {\n      fresh.push(...flights);\n      throw',
        '    } catch (error) {\n      throw',
      ],
      ['it is asked for ever', 'filter((one) => !over.has(one))', 'filter(() => true)'],
    ],
  ),
];
