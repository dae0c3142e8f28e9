/** Faults of letting those in who did it before, as of when they did it. */
import { inFile } from '../fault.ts';

export const campaignThenFaults = [
  ...inFile(
    'src/campaigns/enrol/past.ts',
    ['test/campaignsAsOfThen.test.ts'],
    [
      ['what was due long ago is sent', 'this.#member.lateMs = this.#how.lateAt(atMs);', ''],
      [
        'what falls due before something is done comes after it',
        'yield* this.firing(Math.min(event.receivedMs, untilMs));',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/refusal.ts',
    ['test/campaignsAsOfThen.test.ts'],
    [
      [
        'who is in it enters beside themselves as of then',
        "if ((isIn || wasIn) && (file.whileActive ?? 'ignore') !== 'alongside') return 'active';",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/refusal.ts',
    ['test/campaignsAsOfThenRest.test.ts'],
    [['a cooldown holds only after an entry', 'Math.abs(asOfMs - enteredMs) < restMs', 'asOfMs < enteredMs']],
  ),
  ...inFile(
    'src/campaigns/enrol/past.ts',
    ['test/campaignsAsOfThenRest.test.ts'],
    [
      [
        'what they did before that time sets them off',
        'if (event.receivedMs < fromMs) {',
        'if (fromMs < 0) {',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/since.ts',
    ['test/campaignsAsOfThenRest.test.ts'],
    [['history lets somebody in now', '.filter(({ flags }) => !(flags & FLAG.history))', '']],
  ),
  ...inFile(
    'src/campaigns/tasks.ts',
    ['test/campaignsAsOfThenRest.test.ts'],
    [
      [
        'who is to be let in while it is paused never is',
        'if (live.campaigns.get(campaignId)?.paused)',
        'if (nowMs < 0)',
      ],
    ],
  ),
  ...inFile(
    'src/campaigns/enrol/write.ts',
    ['test/campaignsAsOfThenRest.test.ts'],
    [
      [
        'what comes behind a step of another room counts from when its turn came',
        '({ stepKey, atMs, lateMs });',
        '({ stepKey, atMs: atMs + lateMs, lateMs });',
      ],
    ],
  ),
];
