/** Faults of where people stand in campaigns when two things happen to them at one time: pauses and edits, what takes them out as they enter. */
import { inFile } from '../fault.ts';

export const campaignWalkedFaults = [
  ...inFile(
    'src/campaigns/steps/resumed.ts',
    ['src/campaigns/steps/resumed.test.ts'],
    [
      [
        'caught up with again, what was late is late anew',
        'held.lateMs = (place.lateMs ?? 0) + nowMs - held.dueMs;',
        'held.lateMs = nowMs - held.dueMs;',
      ],
      [
        'what was made shorter while it stood still moves by the pause from the edit',
        'held.dueMs = restMs ?? place.dueMs +',
        'held.dueMs = place.dueMs +',
      ],
      ['a pause is over twice', '  if (place.stoodFromMs === pausedMs) return place;\n', ''],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/step.ts',
    ['src/campaigns/steps/resumed.test.ts'],
    [
      [
        'what is spread is not late any more',
        '    if (this.#keptMs) this.#place.lateMs = this.#keptMs;\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/exits.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'what was done before what set them off takes them out when it is told after it',
        'if (event.atMs < Math.min(enteredMs, trigger?.atMs ?? enteredMs)) return false;',
        '',
      ],
      ['what is told as history takes them out as they enter', '!event.isHistory && isSince', 'isSince'],
      [
        'at one instant and told before, it takes them out as they enter',
        'isBehind(event, trigger)',
        'event.key !== trigger.key',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/waits.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [['what is told as history ends a wait', '  if (event.isHistory) return false;\n', '']],
  ),
  ...inFile(
    'src/campaigns/aside.ts',
    ['test/campaignsAside.test.ts'],
    [
      [
        'who cannot be let in by hand ends it for their lane',
        'isOfAll ? first[0] : failed.nextId',
        'first[0]',
      ],
      [
        'who cannot be resumed stands still',
        "if (kind === 'resume' && contactId) {",
        'if (!kind && contactId) {',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/turnPart.ts',
    ['test/campaignsScenarios.test.ts'],
    [
      [
        'what comes forward too far falls due',
        'timers.filter(({ atMs }) => atMs > nowMs + clockAheadMs)',
        'timers.filter(({ atMs }) => atMs > nowMs + clockAheadMs + 1e12)',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'whom the filter would not let in anew leaves all the same',
        'if (filter && !evaluate(filter, member.facts, { trigger, asOfMs }).holds) return false;',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/people.ts',
    ['test/campaignsAside.test.ts'],
    [
      [
        'who is made one with another while it is resumed stands still',
        '  if (isStill) await goOverMoved(deps, merging, isIn);\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/people.ts',
    ['test/campaignsLetInMerged.test.ts'],
    [
      [
        'who is made one with another while people are let in is passed over',
        'filter(({ kind }) => isIn || letsIn(kind))',
        'filter(({ kind }) => isIn && !letsIn(kind))',
      ],
    ],
  ),
];
