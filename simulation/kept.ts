/** Runs that failed once, shortened, with what was broken: they are played with every test run. */
import type { Step } from './run.ts';

/** Without `steps` it is the whole plan of the seed. */
export const KEPT: readonly { seed: number; steps?: readonly Step[]; was: string }[] = [
  {
    seed: 10,
    was: 'what was held for somebody who is erased stayed held for ever',
    steps: [
      { atMs: 0, room: 'workspaces', what: 'quiet hours', quietHours: { from: '08:00', to: '20:00' } },
      { atMs: 3_000, room: 'sends', what: 'single', of: 'busy', person: 21, class: 'marketing', by: 'plain' },
      { atMs: 6_000, room: 'people', what: 'erase', person: 21 },
    ],
  },
  {
    seed: 77_766_793,
    was: 'what was to be said later to somebody who became another was tried for ever',
    steps: [
      { atMs: 0, room: 'threads', what: 'post', person: 19, delaysMs: [0, 120_000], kinds: ['speech', 'speech'], twice: false },
      { atMs: 45_000, room: 'people', what: 'merge', surviving: 11, discarded: 19 },
    ],
  },
  {
    seed: 176_001_056,
    was: 'what was seen before the inbox had heard of it stayed unread',
    steps: [{ atMs: 4, room: 'console', what: 'see', whom: 14, operator: 0 }],
  },
  { seed: 1_421_243_658, was: 'messages to one person that a dead worker had not begun came back in any order' },
];
