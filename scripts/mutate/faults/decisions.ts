/** Faults of what an outcome means: states, retries, lessons. */
import { inFile } from '../fault.ts';

const DECIDE = ['src/outbox/outcome/decide.test.ts'];

export const decisionFaults = [
  ...inFile('src/outbox/outcome/decide.ts', DECIDE, [
    [
      'what is over is told as suppressed',
      "code === 'expired' ? STATE.expired : STATE.suppressed",
      'STATE.suppressed',
    ],
    [
      'what may not go to one address does not move on',
      '...(end === STATE.suppressed && subject.destination ? moveOn(subject) : {}),\n',
      '',
    ],
    [
      'what has no address moves on',
      'end === STATE.suppressed && subject.destination ?',
      'end === STATE.suppressed ?',
    ],
    ['what is over moves on', 'end === STATE.suppressed && subject.destination ?', 'subject.destination ?'],
    [
      'what may not go keeps its room under the cap',
      '...(end === STATE.suppressed && subject.destination ? moveOn(subject) : {}),\n      ...roomBack(subject),',
      '...(end === STATE.suppressed && subject.destination ? moveOn(subject) : {}),',
    ],
    [
      'what is held is failed',
      'rowOf(subject, STATE.held, nowMs, item.attempt, { code, detail',
      'rowOf(subject, STATE.failed, nowMs, item.attempt, { code, detail',
    ],
    ['what is held keeps where it would have gone', 'return { ...row, destinationId: null };', 'return row;'],
    [
      'what is held is sent at once',
      'later: { dueMs: Math.min(verdict.untilMs, subject.expiresMs) - aheadMs',
      'later: { dueMs: nowMs',
    ],
    ['what is held waits past its life', 'Math.min(verdict.untilMs, subject.expiresMs)', 'verdict.untilMs'],
    [
      'a test workspace’s hold is by our clock',
      'Math.min(verdict.untilMs, subject.expiresMs) - aheadMs',
      'Math.min(verdict.untilMs, subject.expiresMs)',
    ],
    ['being held is a try', '- aheadMs, attempt: item.attempt }', '- aheadMs, attempt: item.attempt + 1 }'],
    [
      'what failed before it was sent does not move on',
      'row: rowOf(subject, STATE.failed, nowMs, subject.item.attempt, { code, detail }),\n    ...moveOn(subject),',
      'row: rowOf(subject, STATE.failed, nowMs, subject.item.attempt, { code, detail }),',
    ],
    ['a decision that is pared is forgotten to be tried again', '    ...(later ? { later } : {}),\n', ''],
    [
      'a decision that is pared keeps what could not be written',
      '      detail: null,\n      vars: null,',
      '      vars: row.vars,',
    ],
    [
      'devices are put off',
      'later: { dueMs: nowMs, attempt: item.attempt },\n    spread',
      'later: { dueMs: nowMs + 60_000, attempt: item.attempt },\n    spread',
    ],
    ['devices of a run expire by themselves', 'expiresMs: bulk ? null : expiresMs', 'expiresMs'],
    [
      'room is given back that was not taken',
      'return isCapped ? { givesRoomBack: true } : {}',
      'return { givesRoomBack: true }',
    ],
    ['room is never given back', 'return isCapped ? { givesRoomBack: true } : {}', 'return {}'],
    [
      'what may not move on moves on',
      'return subject.mayFallBack ? { moveOn: true } : {}',
      'return { moveOn: true }',
    ],
    ['nothing moves on', 'return subject.mayFallBack ? { moveOn: true } : {}', 'return {}'],
    [
      'what is called off keeps its room',
      'row: rowOf(subject, STATE.canceled, nowMs, item.attempt, why), ...roomBack(subject) }',
      'row: rowOf(subject, STATE.canceled, nowMs, item.attempt, why) }',
    ],
    [
      'what is called off is failed',
      'row: rowOf(subject, STATE.canceled, nowMs, item.attempt, why), ',
      'row: rowOf(subject, STATE.failed, nowMs, item.attempt, why), ',
    ],
    ['whoever is erased is told why', "{ code: 'erased', detail: '' }", "{ code: 'canceled', detail: '' }"],
    [
      'being put off is a try',
      'dueMs: Math.ceil(dueMs), attempt: item.attempt }',
      'dueMs: Math.ceil(dueMs), attempt: item.attempt + 1 }',
    ],
    ['tries are not counted', 'const attempts = item.attempt + 1;', 'const attempts = item.attempt;'],
    [
      'what was sent is not looked at for reading',
      '...(subject.unreadAfterMs === undefined ? {} : { unreadAtMs: nowMs + subject.unreadAfterMs }),',
      '',
    ],
    [
      'the ids of the provider are lost',
      'undefined, undefined, outcome.externalIds)',
      'undefined, undefined)',
    ],
    ['what a refusal says of the address is not learned', '...(lesson ? { lesson } : {}),', ''],
    [
      'what was refused is sent again',
      'row: rowOf(subject, STATE.failed, nowMs, attempts, outcome),\n',
      'row: rowOf(subject, STATE.failed, nowMs, attempts, outcome),\n        later: { dueMs: nowMs, attempt: attempts },\n',
    ],
    [
      'what was refused keeps its room',
      '        ...moveOn(subject),\n        ...roomBack(subject),\n        ...(lesson',
      '        ...moveOn(subject),\n        ...(lesson',
    ],
    [
      'what was refused does not move on',
      '        ...moveOn(subject),\n        ...roomBack(subject),\n        ...(lesson',
      '        ...roomBack(subject),\n        ...(lesson',
    ],
    [
      'a throttle counts as a try',
      'const counted = isBlameless(outcome.class) ? item.attempt : attempts',
      'const counted = attempts',
    ],
    [
      'no deferral counts as a try',
      'const counted = isBlameless(outcome.class) ? item.attempt : attempts',
      'const counted = item.attempt',
    ],
    [
      'what the provider asks for is not waited',
      'outcome.class, outcome.retryAfterMs, spread',
      'outcome.class, undefined, spread',
    ],
    [
      'what was deferred waits past its life',
      'later: { dueMs: dueWithin(subject, nowMs + delayMs), attempt: counted }',
      'later: { dueMs: nowMs + delayMs, attempt: counted }',
    ],
    [
      'what is unclear counts as failed',
      'const row = rowOf(subject, STATE.unknown',
      'const row = rowOf(subject, STATE.failed',
    ],
    ['what is unclear is always sent again', 'return policy.resend\n', 'return policy.resend || true\n'],
    [
      'since when to ask is forgotten',
      '        ...(subject.begunMs === undefined ? {} : { begunMs: subject.begunMs }),\n',
      '',
    ],
    [
      'what is unclear gives its room back',
      ': { item, bulk, row };',
      ': { item, bulk, row, ...roomBack(subject) };',
    ],
    ['a life is by our clock', 'Math.max(subject.expiresMs - subject.aheadMs, 0)', 'subject.expiresMs'],
    [
      'times are by our clock',
      'const atMs = nowMs + subject.aheadMs;\n  return {\n    contactId',
      'const atMs = nowMs;\n  return {\n    contactId',
    ],
    [
      'what was not sent has a time of sending',
      'sentMs: state === STATE.accepted ? atMs : null',
      'sentMs: atMs',
    ],
    [
      'what was sent has no time of sending',
      'sentMs: state === STATE.accepted ? atMs : null',
      'sentMs: null',
    ],
    ['the code is not kept', 'code: why ? storable(why.code) : null', 'code: null'],
    [
      'where it went is not kept',
      'address: destination?.address ?? null,\n    // A provider',
      'address: null,\n    // A provider',
    ],
  ]),
  ...inFile('src/outbox/outcome/retry.ts', DECIDE, [
    ['what a provider asks for is not waited', 'if (askedMs !== undefined) return Math.max(1, askedMs);', ''],
    ['a day of waiting is a moment', "if (errorClass === 'hold_24h') return 24 * HOUR_MS;", ''],
    [
      'a broken integration is asked all the time',
      "if (errorClass === 'config' ||",
      "if (false && errorClass === 'config' ||",
    ],
    [
      'a paused sender is asked all the time',
      "errorClass === 'sender_paused' || errorClass === 'template_paused')\n",
      "errorClass === 'template_paused')\n",
    ],
    ['retries do not wait longer each time', 'FIRST_RETRY_MS * 2 ** Math.min(attempt, 20)', 'FIRST_RETRY_MS'],
    ['retries wait for ever', 'Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS', 'Math.max(0, FIRST_RETRY_MS'],
    ['all retry at once', '2 ** Math.min(attempt, 20)) * (0.5 + spread)', '2 ** Math.min(attempt, 20))'],
    ['being too fast is the message’s fault', "    errorClass === 'rate' ||\n", ''],
    [
      'a broken integration is the message’s fault',
      "    errorClass === 'config' ||\n    errorClass === 'refresh_token'",
      "    errorClass === 'refresh_token'",
    ],
    [
      'trouble of the provider does not count',
      "    errorClass === 'rate' ||\n",
      "    errorClass === 'rate' ||\n    errorClass === 'transient' ||\n",
    ],
    ['who recognises a repeat is waited for', 'if (provider.idempotent) return', 'if (false) return'],
    ['everybody recognises a repeat', 'if (provider.idempotent) return', 'if (true) return'],
    ['who cannot tell is asked', 'provider.canTell && attempt <', 'attempt <'],
    [
      'who cannot tell is asked for ever',
      '(code === CANNOT_TELL ? MOST_ASKED_IN_VAIN : MOST_ASKED)',
      'MOST_ASKED',
    ],
    [
      'marketing may be sent twice',
      "if (messageClass === 'marketing' && !mayAsk) return { resend: false };",
      '',
    ],
    [
      'a password that may not have been sent is not sent again',
      "if (messageClass === 'marketing' && !mayAsk)",
      'if (!mayAsk)',
    ],
    [
      'a provider is not asked about marketing',
      "if (messageClass === 'marketing' && !mayAsk)",
      "if (messageClass === 'marketing')",
    ],
    ['a receipt is not waited for', 'Math.max(UNKNOWN_WAIT_MS, delayMs)', 'delayMs'],
  ]),
  ...inFile('src/outbox/outcome/learn.ts', DECIDE, [
    [
      'what a provider says of an opt-out is not learned',
      "if (error.class === 'optout') return { ...at, channel, address, code: error.code, dead: false };",
      '',
    ],
    [
      'what a provider says of a dead address is not learned',
      "if (error.class === 'recipient') return { ...at, channel, address, code: error.code, dead: true };",
      '',
    ],
    ['a stop is a dead address', 'code: error.code, dead: false', 'code: error.code, dead: true'],
    [
      'a bad text is a dead address',
      "if (error.class === 'recipient')",
      "if (error.class === 'recipient' || error.class === 'content')",
    ],
  ]),
  ...inFile('src/outbox/settings.ts', DECIDE, [
    [
      'who did not pick up is called though nobody asked',
      'rule.times > 0 && rule.afterMs > 0',
      'rule.times >= 0 && rule.afterMs > 0',
    ],
    ['who did not pick up is called again at once', 'rule.times > 0 && rule.afterMs > 0', 'rule.times > 0'],
  ]),
];
