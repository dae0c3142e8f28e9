/** A fourth look at what decides, tells and counts: gate, webhooks, broadcasts, accounts. */
import { inFile } from '../fault.ts';

export const slipsOfDecisions = [
  ...inFile(
    'src/webhooks/log.ts',
    ['src/webhooks/batch.test.ts', 'src/webhooks/deliver.test.ts', 'src/webhooks/webhooks.test.ts'],
    [
      ['what failed before is replayed as well', 'Math.max(0, firstIdAt(which.sinceMs) - 1)', '0'],
      [
        'a call that is under way says when it was due',
        "rows.filter(({ state }) => state === 'pending')",
        "rows.filter(({ state }) => state !== 'pending')",
      ],
      [
        'a page of two hundred has a hundred',
        'Math.max(page.limit ?? 50, 1), 200)',
        'Math.max(page.limit ?? 50, 1), 100)',
      ],

      [
        'calls of which one looks for the first are cut to the newest',
        'firstId === undefined && !isMissed',
        '!isMissed',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/webhooks.ts',
    ['src/webhooks/webhooks.test.ts'],
    [
      [
        'a rotated secret is sealed and the old one shown',
        'subscriptions.changed(name.workspaceId);\n      return shown(after);\n    },\n    async delete',
        'subscriptions.changed(name.workspaceId);\n      return shown(row);\n    },\n    async delete',
      ],
      ['one webhook more than there may be', 'door)) >= MAX_WEBHOOKS', 'door)) > MAX_WEBHOOKS'],
      [
        'a webhook that is made is called after a second',
        'await insertWebhook(tx, row);\n      subscriptions.changed(input.workspaceId);',
        'await insertWebhook(tx, row);',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/subscriptions.ts',
    ['src/webhooks/webhooks.test.ts'],
    [
      [
        'who has no webhook is asked for each time',
        'for (const id of stale) keep(id, byWorkspace.get(id) ?? [], nowMs);',
        'for (const id of stale) if (byWorkspace.has(id)) keep(id, byWorkspace.get(id)!, nowMs);',
      ],
      [
        'one’s own change is forgotten with the first look',
        'changedMs.set(workspaceId, clock.nowMs());',
        'changedMs.set(workspaceId, clock.nowMs() - 2 * FRESH_MS);',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/policy.ts',
    ['src/webhooks/policy.test.ts', 'src/webhooks/deliver.test.ts'],
    [
      ['a target that is away for maintenance is not heard', 'new Set([429, 503])', 'new Set([429])'],
      [
        'a private target is called again and again',
        "isRefused(outcome) ? { kind: 'failed', gone: false } : { kind: 'again' };",
        "({ kind: 'again' });",
      ],
      ['waits are in milliseconds that are seconds', 'waitS * 1000 *', 'waitS *'],
    ],
  ),
  ...inFile(
    'src/webhooks/settling.ts',
    ['src/webhooks/deliver.test.ts', 'src/webhooks/batch.test.ts'],
    [
      [
        'who works again began to fail long ago',
        'working.has(w.id) && w.failingSinceMs !== undefined',
        'working.has(w.id) && w.failingSinceMs === undefined',
      ],
      ['five days are five hours', '120 * 3_600_000', '5 * 3_600_000'],
      [
        'each failure begins the five days anew',
        'w.failingSinceMs === undefined);\n  const hopeless',
        'true);\n  const hopeless',
      ],
      [
        'what is disabled is disabled by nobody',
        'await appendAudit(tx, deps.ids, {',
        'if (w.id < 0) await appendAudit(tx, deps.ids, {',
      ],
    ],
  ),
  ...inFile(
    'src/gate/gate.ts',
    ['src/gate/gate.test.ts'],
    [
      [
        'a message goes in the millisecond in which it is over',
        'asOfMs >= facts.expiresMs',
        'asOfMs > facts.expiresMs',
      ],
      ['of two holds the earlier counts', 'b.untilMs - a.untilMs', 'a.untilMs - b.untilMs'],
      ['WhatsApp’s window is open for who never wrote', '?? -Infinity);', '?? Infinity);'],
      ['other reasons are not told', 'also: [...codes.slice(1), ...laterCodes]', 'also: codes.slice(1)'],
      [
        'an opt-out of this sender is told as one of the channel',
        'scope !== integrationId\n',
        'scope === integrationId\n',
      ],
    ],
  ),
  ...inFile(
    'src/gate/window.ts',
    ['src/gate/gate.test.ts', 'src/gate/choose.test.ts'],
    [
      ['a stretch is remembered for all zones', 'quiet.toMinute} ${timeZone}`', 'quiet.toMinute}`'],
      ['a stretch is remembered beyond its end', 'ms < known.endMs', 'ms <= known.endMs'],
    ],
  ),
  ...inFile(
    'src/base/zones.ts',
    ['src/gate/gate.test.ts', 'src/gate/choose.test.ts'],
    [
      [
        'a zone that is not known has no wall',
        "wallOf(timeZone) ?? wallOf('UTC')!;\n",
        'wallOf(timeZone)!;\n',
      ],
      ['a zone with minutes is one with hours', 'Number(parts[3] ?? 0) * 60 +', ''],
    ],
  ),
  ...inFile(
    'src/gate/caps.ts',
    ['src/gate/gate.test.ts'],
    [
      [
        'a mark that leaves now is in the way',
        'mark.causeId !== causeId && mark.atMs > nowMs - cap.perMs)\n    .map',
        'mark.causeId !== causeId && mark.atMs >= nowMs - cap.perMs)\n    .map',
      ],
    ],
  ),
  ...inFile(
    'src/gate/choose.ts',
    ['src/gate/choose.test.ts'],
    [
      ['a device that is gone is written to', "status === 'active' &&\n      destinationId", 'destinationId'],
      ['the chosen device is told twice', 'destinationId !== chosen.destinationId &&', ''],
      [
        'an address bound to another is used',
        '({ integrationId }) => integrationId === null',
        '({ integrationId }) => integrationId !== wanted.integrationId',
      ],
      ['whoever wrote elsewhere is in WhatsApp’s window', 'one.integrationId === integrationId &&', ''],
    ],
  ),
  ...inFile(
    'src/broadcasts/fanOut.ts',
    ['src/broadcasts/broadcasts.test.ts', 'test/groups.test.ts'],
    [
      [
        'one that is paused is put in further',
        "now?.state !== 'running') return false;\n  if",
        '!now) return false;\n  if',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/steps.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'a scheduled one waits by the other clock',
        'now.scheduledMs! - workspace.clockAheadMs }',
        'now.scheduledMs! }',
      ],
      ['what is called off is called off in part', '=== CALLED_OFF_AT_ONCE);', '< 0);'],
      ['a step that was replaced goes on', 'broadcast.stepId === item.causeId;', 'broadcast.stepId !== 0;'],
      ['a step that fails is not waited with', '2 ** Math.min(item.attempt, 10)', '2 ** 0'],
    ],
  ),
  ...inFile(
    'src/broadcasts/steps.ts',
    ['src/broadcasts/broadcasts.test.ts', 'test/groups.test.ts'],
    [['liquid in a post is read', 'liquid: broadcast.origin === null', 'liquid: true']],
  ),
  ...inFile(
    'src/broadcasts/retry.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'who is tried a third time is not held against the first',
        '[...(first.retryOf ?? []), first.runId]',
        '[first.runId]',
      ],
      [
        'who has it is sent it again',
        'filter((id) => !arrived.has(id))',
        'filter((id) => !arrived.has(id) || id > 0)',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/cache.ts',
    ['src/accounts/cache.test.ts'],
    [
      [
        'what is kept half a second is read by everybody who asks',
        'const next = entry.next ?? renew(key, entry);',
        'const next = renew(key, entry);',
      ],
      ['a read that failed is kept', 'if (entries.get(key) === entry) entries.delete(key);\n    };', '};'],
      [
        'what was forgotten while it was renewed comes back',
        'if (entries.get(key) === entry) keep(key, next);',
        'keep(key, next);',
      ],
      [
        'who was read first is dropped last',
        'entries.delete(key);\n    entries.set(key, entry);',
        'entries.set(key, entry);',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/idempotency.ts',
    ['src/accounts/idempotency.test.ts'],
    [
      [
        'an answer without a body is none',
        "answer.body === undefined ? ''",
        "answer.body === undefined ? 'null'",
      ],
      [
        'a refusal is kept',
        'key === undefined || isFault(answer)) return [];',
        'key === undefined) return [];',
      ],
      ['a key of 256 characters is taken', 'key.length <= MAX_KEY', 'key.length <= MAX_KEY + 1'],
      [
        'of several requests the first’s hash counts',
        'known.set(at, replay(kept[n], requestHash));',
        'known.set(at, replay(kept[n], keyed[0]!.requestHash));',
      ],
      ['the day is over an hour early', '24 * 3600 * 1000', '23 * 3600 * 1000'],
    ],
  ),
  ...inFile(
    'src/accounts/allowances.ts',
    ['test/outbound.test.ts', 'test/quotas.test.ts', 'src/accounts/access.test.ts'],
    [['two at once cost one', 'costMs: (times * windowMs) / most', 'costMs: windowMs / most']],
  ),
];
