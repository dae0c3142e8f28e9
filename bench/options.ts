/** What `npm run bench` was asked to do. */
import { parseArgs } from 'node:util';

/** Parts of a run. */
export const PARTS = [
  'ceiling',
  'floor',
  'start',
  'http',
  'simulator',
  'notifications',
  'channels',
  'events',
  'orders',
  'connect',
  'campaigns',
  'neighbours',
] as const;
/** A part of a run. */
export type PartName = (typeof PARTS)[number];

/** The options, read. */
export type Options = {
  parts: ReadonlySet<PartName>;
  /** Sizes of a broadcast, ascending; the first at least is there. */
  sizes: number[];
  /** Larger ones, which are measured at the end and by HTTP alone, if there is time. */
  large: number[];
  /** Whether this is the run that RESULTS.md is written from. */
  whole: boolean;
  /** Folder for profiles. */
  profile: string | undefined;
};

const SIZES = [10_000, 100_000, 1_000_000];
const LARGE = 100_000;

/** Reads arguments; throws an error whose message says what is wrong with them. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      sizes: { type: 'string' },
      only: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const names = values.only?.split(',') ?? [...PARTS];
  const odd = names.find((name) => !(PARTS as readonly string[]).includes(name));
  if (odd !== undefined) throw new Error(`--only ${odd}: must be some of ${PARTS.join(', ')}`);
  const sizes = values.sizes?.split(',').map(Number) ?? SIZES.slice(0, values.quick ? 1 : undefined);
  if (sizes.some((size) => !Number.isInteger(size) || size < 1_000 || size > 2_000_000))
    throw new Error(`--sizes ${values.sizes}: must be whole numbers from 1000 to 2000000`);
  if (!sizes.some((size) => size <= LARGE))
    throw new Error(`--sizes ${values.sizes}: one must be ${LARGE} at most`);
  sizes.sort((a, b) => a - b);
  return {
    parts: new Set(names as PartName[]),
    sizes: sizes.filter((size) => size <= LARGE),
    large: sizes.filter((size) => size > LARGE),
    whole: !values.quick && !values.sizes && !values.only && !values.profile,
    profile: values.profile,
  };
}
