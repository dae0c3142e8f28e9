/** Faults of what stands before a provider: its places, its rate, who goes first, the breaker, asking, health. */
import { inFile } from '../fault.ts';

const LINE = ['src/senders/line.test.ts'];
const BREAKER = ['src/senders/breaker.test.ts', 'src/senders/line.test.ts'];
const ASKING = ['src/senders/asking.test.ts'];
const DELIVER = ['src/outbox/deliver/deliver.test.ts'];
const HEALTH = ['src/senders/health.test.ts'];
const SENDERS = ['src/senders/senders.test.ts'];

export const senderFaults = [
  ...inFile('src/senders/line.ts', LINE, [
    [
      'a provider gets any number of calls at a time',
      'while (inFlight < concurrency) {',
      'while (inFlight < 1e9) {',
    ],
    ['a place is never given back', '      inFlight--;\n', ''],
    ['a rate is ignored', 'if (lacking > 0) return false;', ''],
    ['a rate is each process’s', 'options.ratePerS * options.share()', 'options.ratePerS'],
    [
      'a pause becomes a burst',
      'tokens = Math.min(Math.max(1, perS), tokens + ((now - filledAt) / 1000) * perS);',
      'tokens += ((now - filledAt) / 1000) * perS;',
    ],
    ['a batch counts as one message', 'tokens -= messages;', 'tokens -= 1;'],
    ['what waits is never looked at again', 'if (!ahead.isEmpty()) cancel ??=', 'if (false) cancel ??='],
    ['a line that is empty is looked at for ever', 'if (!ahead.isEmpty()) cancel ??=', 'cancel ??='],
  ]),
  ...inFile('src/senders/ahead.ts', LINE, [
    ['bulk goes before interactive', 'const sides = [first, rest];', 'const sides = [rest, first];'],
    [
      'what may not go goes',
      "if (leave === 'back') written.shift()!.back();\n",
      "if (leave === 'back' && rest.waiting.length < 0) written.shift()!.back();\n",
    ],
    [
      'who does not know whether it may goes',
      "          if (leave === 'wait') break;\n          if",
      '          if',
    ],
    [
      'what is not on record goes',
      '(entry.gatekeeper.whole ? side.written : side.waiting).push(entry);',
      'side.written.push(entry);',
    ],
    [
      'what could not be written down goes',
      'gatekeeper.begin(items).catch(() => false)',
      'gatekeeper.begin(items).catch(() => true)',
    ],
    [
      'what must not begin begins',
      'if (may) side.written.push(entry);',
      'if (may || items.length) side.written.push(entry);',
    ],
    [
      'all that waits is written down as begun',
      'if (first.written.length + rest.written.length > size / 2) return;',
      '',
    ],
    ['what was stopped waits for its turn', '  for (const entry of back) entry.back();\n', ''],
  ]),
  ...inFile('src/senders/breaker.ts', BREAKER, [
    ['one failure opens it', 'failures < FAILURES_TO_OPEN ||', 'failures < 1 ||'],
    [
      'it never opens',
      'if (failures < FAILURES_TO_OPEN || openUntilMs > clock.monotonicMs()) return;',
      'return;',
    ],
    [
      'it is open ever longer',
      'Math.min(LONGEST_OPEN_MS, FIRST_OPEN_MS * 2 ** openings)',
      'FIRST_OPEN_MS * 2 ** openings',
    ],
    ['what was under way keeps it open', ' || openUntilMs > clock.monotonicMs()) return;', ') return;'],
    [
      'a refusal of one opens it for all',
      "outcome.kind === 'accepted' || outcome.kind === 'refused' ||",
      "outcome.kind === 'accepted' ||",
    ],
    [
      'a template that waits opens it for all',
      "'hold_24h', 'template_paused', 'window',",
      "'hold_24h', 'window',",
    ],
    ['an answer does not close it', '        openUntilMs = 0;\n', ''],
    ['a failure long ago counts', '        failures = 0;\n', ''],
  ]),
  ...inFile('src/senders/asking.ts', ASKING, [
    ['two to one number are asked for at once', '(lastOf.get(to) ?? Promise.resolve())', 'Promise.resolve()'],
    [
      'an answer that something disturbed counts',
      '      if (state.disturbed) return DISTURBED;\n      recent',
      '      recent',
    ],
    [
      'it is asked while something is on its way',
      '    if (state.disturbed) return DISTURBED;\n    asked',
      '    asked',
    ],
    ['what the ledger knows as another’s is taken', 'known?.has(id) === true ||', ''],
    ['what was just answered for another is taken', '|| recent.isOfAnother(id, ref)', ''],
    ['a number is disturbed for ever', 'under.delete(message);', ''],
    [
      'a number that failed is never asked again',
      'const over = result.catch(() => {})',
      'const over = result',
    ],
  ]),
  ...inFile('src/senders/senders.ts', SENDERS, [
    [
      'what is switched off sends',
      "if (!integration || integration.status === 'inactive') return undefined;",
      'if (!integration) return undefined;',
    ],
    [
      'a test workspace reaches the provider',
      "const isTest = workspace.environment === 'test';",
      'const isTest = false;',
      SENDERS,
    ],
    ['a new setting is not seen', '        integration.settings,\n', '', SENDERS],
    [
      'what was stopped on its way to the wire was refused',
      "if (stopped && outcome.kind === 'deferred') told.back(from + at);",
      'if (false) told.back(from + at);',
      [...DELIVER, 'test/pause.test.ts'],
    ],
    [
      'an adapter that throws has not sent',
      "return { kind: 'unclear', code: 'adapter_error', detail: String(error) };",
      "return { kind: 'deferred', class: 'provider', code: 'adapter_error', detail: String(error) };",
      SENDERS,
    ],
    ['the breaker sees nothing', '    breaker.saw(outcome);\n', '', ['test/health.test.ts']],
    [
      'the set rate is ignored',
      'return integration.ratePerS ?? (',
      'return (',
      ['src/broadcasts/broadcasts.test.ts', ...DELIVER],
    ],
    ['asking is told of nothing that is sent', 'asking?.began(letters);', ''],
    [
      'an answer is another message’s',
      'told.answered(from + at, saw(outcome));',
      'told.answered(at, saw(outcome));',
    ],
    [
      'messages go into the wrong line',
      'line.enter(interactive, entriesOf',
      'line.enter(!interactive, entriesOf',
      [...DELIVER, 'test/pause.test.ts'],
    ],
  ]),
  ...inFile('src/senders/health.ts', HEALTH, [
    [
      'a breaker that is closed again is shown open',
      'openUntilMs !== undefined && openUntilMs > nowMs ? openUntilMs : undefined',
      'openUntilMs',
    ],
    [
      'notes of last time are written again',
      '    pending = new Map();\n    const ordered',
      '    const ordered',
    ],
  ]),
  ...inFile('src/senders/sql.ts', HEALTH, [
    [
      'a process that was started again forgets',
      'last_success_ms = greatest(h.last_success_ms, excluded.last_success_ms)',
      'last_success_ms = excluded.last_success_ms',
    ],
    ['a minute is told of last', 'accepted = m.accepted + excluded.accepted', 'accepted = excluded.accepted'],
  ]),
];
