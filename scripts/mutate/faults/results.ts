/** Faults of what is told of a broadcast by the hour, and of who answered it. */
import { inFile, type Fault } from '../fault.ts';

export const resultFaults: readonly Fault[] = inFile(
  'src/ledger/hours.ts',
  ['src/ledger/hours.test.ts'],
  [
    [
      'what is read at once was never delivered',
      'return SENT.indexOf(to) >= at && SENT.indexOf(from) < at ? 1 : 0;',
      'return SENT.indexOf(to) === at && SENT.indexOf(from) < at ? 1 : 0;',
    ],
    [
      'what is delivered later is sent twice',
      'return SENT.indexOf(to) >= at && SENT.indexOf(from) < at ? 1 : 0;',
      'return SENT.indexOf(to) >= at ? 1 : 0;',
    ],
    ['single messages count in a broadcast', '    if (!bulk) return [];\n', ''],
    [
      'who says STOP has replied',
      "kind === 'replied' && text !== null && keywordOf(text) === 'stop'",
      'false',
      ['test/console.test.ts'],
    ],
    ['all happened in one hour', 'const hourMs = hourOf(atMs);', 'const hourMs = hourOf(atMs / 24);'],
    ['nobody hears of what failed', 'to === STATE.failed && from !== STATE.failed', 'false'],
  ],
);
