/** Faults of the gate: whether one may be reached, where, and why not. */
import { inFile } from '../fault.ts';

const GATE = ['src/gate/gate.test.ts'];
const CHOOSE = ['src/gate/choose.test.ts'];

export const gateFaults = [
  ...inFile('src/gate/gate.ts', GATE, [
    [
      'marketing is sent in quiet hours and over the cap',
      "facts.class === 'marketing' ? holdsOf(facts, asOfMs) : NONE",
      'NONE',
    ],
    [
      'passwords wait for the morning',
      "facts.class === 'marketing' ? holdsOf(facts, asOfMs) : NONE",
      'holdsOf(facts, asOfMs)',
    ],
    [
      'what is over is sent in its last moment',
      'if (asOfMs >= facts.expiresMs) add',
      'if (asOfMs > facts.expiresMs) add',
    ],
    ['nothing ever expires', "if (asOfMs >= facts.expiresMs) add('expired');", ''],
    ['who has no address is not told so', "    add('no_destination');\n", ''],
    [
      'an address that is pending, inactive or blocked is sent to',
      "if (status !== 'active' && !(facts.confirms && status === 'pending'))",
      'if (false)',
    ],
    ['the question to a pending address is refused', "!(facts.confirms && status === 'pending')", 'true'],
    [
      'the question goes to inactive addresses too',
      "!(facts.confirms && status === 'pending')",
      '!facts.confirms',
    ],
    [
      'anything goes to a pending address',
      "!(facts.confirms && status === 'pending')",
      "status !== 'pending'",
    ],
    [
      'what an operator blocked is told as something else',
      "add(status === 'blocked' ? 'banned' : status)",
      "add(status === 'blocked' ? 'imported' : status)",
    ],
    [
      'what people said is not looked at',
      'if (bitsAt(block, facts.integrationId) & bit) add',
      'if (false) add',
    ],
    [
      'a stop to marketing stops passwords',
      'if (bitsAt(block, facts.integrationId) & bit) add',
      'if (bitsAt(block, facts.integrationId)) add',
    ],
    [
      'a stop to one sender stops nobody but when it is not known who sends',
      'bitsAt(block, facts.integrationId) & bit',
      'bitsAt(block, undefined) & bit',
    ],
    [
      'free text is sent on WhatsApp after a day of silence',
      "if (!facts.isTemplate && windowIsOver(destination, asOfMs)) add('whatsapp_window');",
      '',
    ],
    [
      'a name is sent where no network carries it',
      "if (facts.namedBy !== undefined && refusesName(facts.namedBy, destination.address)) add('sender_refused');",
      '',
    ],
    ['approved templates wait for the window', '!facts.isTemplate && windowIsOver', 'windowIsOver'],
    [
      'another sender’s stop is told as the sender’s own',
      "? 'opted_out_channel'\n",
      "? 'opted_out_sender'\n",
    ],
    [
      'WhatsApp’s window is a day too long',
      'const WHATSAPP_WINDOW_MS = 24 * HOUR_MS',
      'const WHATSAPP_WINDOW_MS = 48 * HOUR_MS',
    ],
    [
      'WhatsApp’s window counts for all channels',
      "return at.channel === 'whatsapp' && asOfMs >",
      'return asOfMs >',
    ],
    ['who never wrote on WhatsApp may be sent free text', '?? -Infinity', '?? Infinity'],
    ['of several reasons any is told', 'NEVER_CODES.filter((code) => never.includes(code))', 'never'],
    [
      'of two holds the one that ends first decides',
      'sort((a, b) => b.untilMs - a.untilMs)',
      'sort((a, b) => a.untilMs - b.untilMs)',
    ],
    ['the other reasons are not told', 'also: [...codes.slice(1), ...laterCodes]', 'also: []'],
    ['the other holds are not told', 'also: laterCodes.slice(1)', 'also: []'],
    ['a hold stands before a never', 'if (never.length) {', 'if (never.length && !holds.length) {'],
    ['a cap never applies', 'capFreeMs !== undefined && capFreeMs > asOfMs', 'false'],
    [
      'what is free by now is held for the cap',
      'capFreeMs !== undefined && capFreeMs > asOfMs',
      'capFreeMs !== undefined',
    ],
    ['quiet hours never apply', 'quietHours ? nextOpen(quietHours, timeZone, asOfMs) : asOfMs', 'asOfMs'],
    [
      'quiet hours are not looked at when the cap is full',
      '...(openMs > asOfMs ? [',
      '...(openMs > asOfMs && !isFull ? [',
    ],
  ]),
  ...inFile('src/gate/window.ts', GATE, [
    ['an overnight quiet hour never ends', ': minute >= fromMinute || minute < toMinute', ': true'],
    [
      'an overnight quiet hour never begins',
      ': minute >= fromMinute || minute < toMinute',
      ': minute >= fromMinute && minute < toMinute',
    ],
    [
      'quiet hours end a minute late',
      '? minute >= fromMinute && minute < toMinute',
      '? minute >= fromMinute && minute <= toMinute',
    ],
    [
      'quiet hours begin a minute late',
      '? minute >= fromMinute && minute < toMinute',
      '? minute > fromMinute && minute < toMinute',
    ],
    ['overnight quiet hours end a minute late', '|| minute < toMinute;', '|| minute <= toMinute;'],
    ['what is open waits all the same', 'return stretch.open ? ms : stretch.endMs', 'return stretch.endMs'],
    ['held messages go at once', 'return stretch.open ? ms : stretch.endMs', 'return ms'],
    ['every zone is London', 'offsetsOf(timeZone);', "offsetsOf('Europe/London');"],
    [
      'two rules share what is remembered',
      '`${quiet.fromMinute}-${quiet.toMinute} ${timeZone}`',
      '`${timeZone}`',
    ],
    [
      'two zones share what is remembered',
      '`${quiet.fromMinute}-${quiet.toMinute} ${timeZone}`',
      '`${quiet.fromMinute}-${quiet.toMinute}`',
    ],
    ['what was remembered holds for ever', 'ms >= known.startMs && ms < known.endMs', 'ms >= known.startMs'],
    [
      'what was remembered holds before it began',
      'ms >= known.startMs && ms < known.endMs',
      'ms < known.endMs',
    ],
    ['the night that jumps is not seen', 'if (changeMs === undefined) return', 'if (true) return'],
  ]),
  ...inFile('src/base/zones.ts', GATE, [
    ['west of Greenwich is taken for east', "parts[1] === '-' ? -seconds : seconds", 'seconds'],
    ['half hours of zones are lost', '+ Number(parts[3] ?? 0) * 60', ''],
  ]),
  ...inFile('src/gate/caps.ts', GATE, [
    ['a cap is one too high', 'others.length < cap.most', 'others.length <= cap.most'],
    ['a cap never applies', 'return others.length < cap.most ? undefined', 'return true ? undefined'],
    [
      'the same cause counts twice',
      'const others = marks\n    .filter((mark) => mark.causeId !== causeId && mark.atMs',
      'const others = marks\n    .filter((mark) => mark.atMs',
    ],
    [
      'old marks count for ever',
      'const others = marks\n    .filter((mark) => mark.causeId !== causeId && mark.atMs > nowMs - cap.perMs)',
      'const others = marks\n    .filter((mark) => mark.causeId !== causeId)',
    ],
    [
      'room is free when the newest mark leaves',
      'others[cap.most - 1]! + cap.perMs',
      'others[0]! + cap.perMs',
    ],
    ['no mark is made', 'marks: [...kept, { causeId, atMs: nowMs }]', 'marks: [...kept]'],
    [
      'marks of others are forgotten',
      'marks: [...kept, { causeId, atMs: nowMs }]',
      'marks: [{ causeId, atMs: nowMs }]',
    ],
    ['room is taken that there is not', 'if (freeMs !== undefined) return { freeMs };', ''],
    ['of too many marks the newest go', '.slice(-MOST_MARKS)', '.slice(0, MOST_MARKS)', CHOOSE],
  ]),
  ...inFile('src/gate/settings.ts', CHOOSE, [
    [
      'a workspace’s order is not read',
      "Array.isArray(order) && order.every((name) => typeof name === 'string') ? order",
      'false ? (order as string[])',
    ],
    [
      'quiet hours that are set are no rule',
      'if (from !== undefined && to !== undefined && from !== to)',
      'if (false)',
    ],
    [
      'the end of quiet hours is their beginning',
      '{ fromMinute: from, toMinute: to }',
      '{ fromMinute: to, toMinute: from }',
    ],
    [
      'quiet hours without an end are a rule',
      'if (from !== undefined && to !== undefined && from !== to)',
      'if (from !== undefined && from !== to)',
    ],
    ['minutes of quiet hours are lost', 'Number(parts[1]) * 60 + Number(parts[2])', 'Number(parts[1]) * 60'],
    ['a cap per hour is a cap per minute', 'Number(cap.perHours) * HOUR_MS', 'Number(cap.perHours) * 60_000'],
    [
      'a cap that is set is no rule',
      'if (cap && Number(cap.most) > 0 && Number(cap.perHours) > 0)',
      'if (false)',
    ],
    ['a cap of none lets nothing through', 'Number(cap.most) > 0 &&', ''],
  ]),
  ...inFile('src/base/once.ts', CHOOSE, [
    [
      'rules are those of whoever asked first',
      'let kept = known.get(from);',
      'let kept = known.get(((known as unknown as { first?: K }).first ??= from));',
    ],
  ]),
  ...inFile('src/gate/choose.ts', CHOOSE, [
    ['the destination that is named is not taken', 'if (wanted.destinationId)\n', 'if (false)\n'],
    [
      'the channel that is named is not kept to',
      ': destinations.filter(({ channel }) => channel === wanted.channel)',
      ': destinations',
    ],
    [
      'an address of another integration is used',
      'own.length ? own : fit.filter(({ integrationId }) => integrationId === null)',
      'own.length ? own : fit',
    ],
    ['the integration’s own address is not preferred', 'own.length ? own : fit.filter', 'fit.filter'],
    ['an address that does not work goes first', 'if (usable) return usable;', ''],
    ['the address used last does not go first', 'if (primary) return primary;', ''],
    [
      'the address used last goes last',
      '(b.lastInboundMs ?? 0) - (a.lastInboundMs ?? 0)',
      '(a.lastInboundMs ?? 0) - (b.lastInboundMs ?? 0)',
    ],
    [
      'the workspace’s order is turned around',
      'return indexIn(a, order) - indexIn(b, order) || b.linkedMs - a.linkedMs;\n}',
      'return indexIn(b, order) - indexIn(a, order) || b.linkedMs - a.linkedMs;\n}',
    ],
    [
      'of alike the oldest goes first',
      'return indexIn(a, order) - indexIn(b, order) || b.linkedMs - a.linkedMs;\n}',
      'return indexIn(a, order) - indexIn(b, order) || a.linkedMs - b.linkedMs;\n}',
    ],
    [
      'an address nothing can send to counts as usable',
      "destination.status === 'active' && canSend(destination)",
      "destination.status === 'active'",
    ],
    [
      'an inactive address counts as usable',
      "destination.status === 'active' && canSend(destination)",
      'canSend(destination)',
    ],
    ['a channel that is in no order goes first', 'return at < 0 ? order.length : at', 'return at'],
    [
      'push goes to one device',
      'if (chosen.channel !== ON_ALL_DEVICES) return [chosen];',
      'return [chosen];',
    ],
    ['push goes to devices out of use', "      status === 'active' &&\n", ''],
    ['a device is sent to twice', '      destinationId !== chosen.destinationId &&\n', ''],
    [
      'push goes through another integration than asked',
      '(!wanted.integrationId || integrationId === chosen.integrationId)',
      'true',
    ],
    [
      'push of all integrations is sent to one',
      '(!wanted.integrationId || integrationId === chosen.integrationId)',
      'integrationId === chosen.integrationId',
    ],
    [
      'who wrote to this number is not known to have',
      '(one.lastInboundMs ?? 0) > (lastInboundMs ?? 0)',
      'false',
    ],
    [
      'who wrote to another number opens this one’s window',
      '      one.integrationId === integrationId &&\n',
      '',
    ],
    ['another address of the person opens the window', '      one.address === destination.address &&\n', ''],
    [
      'falling back turns the order around',
      'indexIn(a, order) - indexIn(b, order) || b.linkedMs - a.linkedMs);\n}',
      'indexIn(b, order) - indexIn(a, order) || b.linkedMs - a.linkedMs);\n}',
    ],
  ]),
  ...inFile('src/gate/terms.ts', CHOOSE, [
    [
      'an integration that is switched off serves its channel',
      "integration.status === 'active' && !byChannel",
      '!byChannel',
    ],
    [
      'the least preferred integration serves',
      "integration.status === 'active' && !byChannel.has(integration.channel)",
      "integration.status === 'active'",
    ],
    [
      'the integration asked for is not taken',
      'return wanted.integrationId ?? destination.integrationId ??',
      'return destination.integrationId ??',
    ],
    [
      'the address’s own integration is not taken',
      'wanted.integrationId ?? destination.integrationId ?? terms',
      'wanted.integrationId ?? terms',
    ],
    [
      'hours are those of the workspace, not of the person',
      'person.timeZone !== null && isTimeZone(person.timeZone) ? person.timeZone',
      'false ? person.timeZone!',
    ],
    [
      'a zone that is none is taken',
      'person.timeZone !== null && isTimeZone(person.timeZone)',
      'person.timeZone !== null',
    ],
  ]),
  ...inFile('src/gate/standing.ts', CHOOSE, [
    [
      'nothing knows of the cap',
      '    capFreeMs,\n    isTemplate: sending.isTemplate,',
      '    capFreeMs: undefined,\n    isTemplate: sending.isTemplate,',
    ],
    ['no workspace has rules', 'rules: terms.rules,', 'rules: {},'],
    ['everything is a template', 'isTemplate: sending.isTemplate', 'isTemplate: true'],
    ['everything asks a pending address', 'confirms: sending.confirms === true', 'confirms: true'],
    ['everything is marketing', 'class: sending.class,', "class: 'marketing',"],
    [
      'an address nothing serves is chosen',
      'if (through === undefined) return false;',
      'if (through === undefined) return true;',
    ],
    [
      'a number that a name does not reach is chosen before one that it does',
      'return namedBy === undefined || !refusesName(namedBy, one.address);',
      'return true;',
    ],
    [
      'the window is another number’s',
      'asLastHeard(destination, recipient.destinations, integrationId)',
      'destination',
    ],
    ['zones are not looked at', 'timeZone: zoneOf(recipient, terms)', "timeZone: 'UTC'"],
  ]),
  ...inFile('src/gate/settings.ts', CHOOSE, [
    ['falling back cannot be switched off', 'on: given?.on !== false', 'on: true'],
    ['falling back must be switched on', 'on: given?.on !== false', 'on: given?.on === true'],
    [
      'how long reading may take is not read',
      'unreadAfterMs > 0 ? { unreadAfterMs } : {}',
      'false ? { unreadAfterMs } : {}',
    ],
  ]),
];
