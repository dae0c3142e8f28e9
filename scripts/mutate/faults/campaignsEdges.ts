/** Faults of campaigns at their edges: between a pause and its end, at a move, while it is not decided yet who enters, and in long files. */
import { inFile } from '../fault.ts';

export const campaignEdgesFaults = [
  ...inFile(
    'src/campaigns/turnPart.ts',
    ['test/campaignsAside.test.ts: before it was resumed'],
    [
      [
        'what fell due in a pause goes on as it ends',
        'if (standsStill(deps, goingThrough, member, timer, changes)) continue;',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/moved.ts',
    ['test/campaigns.test.ts: for something else'],
    [
      [
        'who has done what is waited for now waits on',
        'dueMs: Math.min(place.dueMs, nowMs + (id % SPREAD_MS))',
        'dueMs: place.dueMs',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/steps/step.ts',
    ['src/campaigns/steps/step.test.ts'],
    [
      [
        'who seemed to have done it has no time left',
        'if (restMs > this.#asOfMs) return this.#wait(restMs, wait.event);',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['src/campaigns/enrol/engine.test.ts'],
    [
      [
        'who waits is decided on by what set them off first',
        'if (!enrolment) return waitsAgain(who, trigger, entryKey);',
        'if (!enrolment) return false;',
      ],
      [
        'what is lacking beside the second trigger has the time of the first',
        'const place = { ...firstPlace(version, asOfMs), dueMs: asOfMs + GRACE_MS };',
        'const place = waiting.place;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/fileApart.ts',
    ['src/campaigns/file.test.ts'],
    [
      [
        'a long file holds up all others',
        'return text.length <= SMALL ?',
        'return text.length <= SMALL * 100 ?',
      ],
      [
        'a long campaign holds up all others',
        'JSON.stringify(campaign).length <= SMALL;',
        'JSON.stringify(campaign).length <= SMALL * 100;',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/due.ts',
    ['test/campaignsMeanwhile.test.ts: as of then'],
    [
      [
        'what waits unread is taken for taken',
        'return Math.min(nowMs, ...waiting',
        'return Math.max(nowMs, ...waiting',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/known.ts',
    ['test/campaignsMeanwhile.test.ts: was held'],
    [
      [
        'who is known at last enters once more for what they entered for long ago',
        '    held.flatMap((one) => entriesBy(live, one)),\n',
        '    [],\n',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/goals.ts',
    ['test/campaignsMeanwhile.test.ts: told late'],
    [
      [
        'a goal that is told late is none',
        'event.receivedMs > untilMs + LATE_MS',
        'event.receivedMs > untilMs',
      ],
      ['a goal may be told for ever', ' || event.receivedMs > untilMs + LATE_MS', ''],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/look.ts',
    ['test/campaignsMeanwhile.test.ts: is being found'],
    [
      [
        'what is being found sets off whoever is looked at',
        "watch.kind === 'date' || member.unknown.has(watch.id)",
        "watch.kind === 'date'",
      ],
    ],
  ),
];
