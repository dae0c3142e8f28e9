/**
 * What a report says, worked out once more from each entry by other ways than the report's own: roots and areas are looked for by halving and
 * by adding up, variances from the values themselves. In a process of its own: it writes rows by hand that no audit of the others' campaigns
 * would let pass.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCampaign } from '../src/campaigns/campaigns.ts';
import { reportOf } from '../src/campaigns/report/report.ts';
import { reportLines } from '../src/cli/campaignReport.ts';
import { DAY_MS, newPlace, sql, type Place } from './campaignsProduct.ts';

/**
 * One entry: which arm (1 is held out), variant, whether it came to the first message, what it was worth; undefined did not convert. `who` is the
 * same of those of one person.
 */
type One = { arm: 0 | 1; variant: string | null; reached: boolean; value: number | undefined; who?: number };

/** Where a function that grows is nought. */
function rootOf(of: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (of(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The area below a curve (Simpson). */
function areaOf(of: (x: number) => number, from: number, to: number, parts = 20_000): number {
  const width = (to - from) / parts;
  let sum = of(from) + of(to);
  for (let i = 1; i < parts; i++) sum += (i % 2 ? 4 : 2) * of(from + i * width);
  return (sum * width) / 3;
}

const density = (x: number) => Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI);
const zOf = (alpha: number) => rootOf((z) => areaOf(density, 0, z, 2_000) - (0.5 - alpha / 2), 0, 10);

/** Wilson's interval as what it is: shares from which what was seen is z deviations away. */
function wilsonOf(k: number, n: number, alpha: number): [number, number] {
  if (n === 0) return [0, 1];
  const [z, p] = [zOf(alpha), k / n];
  const away = (share: number) => (p - share) ** 2 * n - z * z * share * (1 - share);
  return [p === 0 ? 0 : rootOf((x) => -away(x), 0, p), p === 1 ? 1 : rootOf(away, p, 1)];
}

/** How likely χ² of so many degrees of freedom is at least this: by the density of sums of squares. */
function tailOf(chi2: number, degrees: number): number {
  const gamma = [0, Math.sqrt(Math.PI), 1, Math.sqrt(Math.PI) / 2, 1, (3 * Math.sqrt(Math.PI)) / 4][degrees]!;
  // By x = y², which has no pole at nought.
  const of = (y: number) => (2 * y ** (degrees - 1) * Math.exp(-(y * y) / 2)) / (2 ** (degrees / 2) * gamma);
  return areaOf(of, Math.sqrt(chi2), 40);
}

/** The always-valid half width as campaigns.md §3.10 has it. */
function halfOf(variance: number, n: number, alpha: number, planned = 5_000): number {
  const rho = Math.sqrt((-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / planned);
  const v = n * variance;
  return Math.sqrt(
    (v * 2 * (n * rho ** 2 + 1) * Math.log(Math.sqrt(n * rho ** 2 + 1) / alpha)) / (n * rho) ** 2,
  );
}

function near(
  got: readonly (number | null)[] | number | null | undefined,
  wanted: readonly number[] | number,
  what: string,
) {
  const [a, b] = [[got ?? NaN].flat(), [wanted].flat()];
  assert.equal(a.length, b.length, what);
  a.forEach((one, i) =>
    assert.ok(
      Math.abs((one ?? NaN) - b[i]!) <= 1e-6 * Math.max(1, Math.abs(b[i]!)),
      `${what}: ${a.join()} is not ${b.join()}`,
    ),
  );
}

async function told(file: { holdout?: string; variants?: [string, string][] }, entries: readonly One[]) {
  const place: Place = await newPlace();
  const text = (said: string) => ({ type: 'text' as const, text: said });
  const send = file.variants
    ? { variants: file.variants.map(([key, share]) => ({ key, share, content: text(key) })) }
    : { content: text('x') };
  const campaign = await place.live({
    key: 'hand',
    trigger: { api: true },
    ...(file.holdout ? { holdout: file.holdout } : {}),
    goals: [{ key: 'bought', event: 'buy', within: '7d', value: 'amount', currency: 'EUR', primary: true }],
    steps: [{ key: 'x', send: { ...send, channel: 'email' } }],
  });
  await write(place, campaign.id, entries);
  const found = await report(place, campaign.id);
  return { epoch: found.epochs[0]!, goal: found.epochs[0]!.goals[0]! };
}

async function report(place: Place, campaignId: number) {
  const row = (await findCampaign(sql, place.id, campaignId))!;
  return await reportOf(sql, row, await place.nowMs());
}

/** Entries as they are kept, whose window is over. */
async function write(place: Place, campaignId: number, entries: readonly One[], epoch = 1): Promise<void> {
  const enteredMs = (await place.nowMs()) - 30 * DAY_MS;
  const from = 2_000_000_000 + epoch * 1_000_000;
  await sql`
    INSERT INTO campaign_entries (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm, variant,
      entered_ms, reached_ms, converted)
    SELECT who % 4096, ${from}::bigint + who, ${campaignId}, i, ${from}::bigint + i, ${place.id}, 0, ${epoch}::integer, arm, variant, ${enteredMs},
      CASE WHEN reached THEN ${enteredMs}::bigint END,
      CASE WHEN value IS NULL THEN '{}'
        ELSE jsonb_build_object('bought', jsonb_build_object('n', 1, 'value', value, 'firstMs', ${enteredMs}::bigint)) END
    FROM unnest(${entries.map((_, i) => i)}::bigint[], ${entries.map(({ who }, i) => who ?? i)}::bigint[],
      ${entries.map(({ arm }) => arm)}::smallint[],
      ${entries.map(({ variant }) => variant)}::text[], ${entries.map(({ reached }) => reached)}::boolean[],
      ${entries.map(({ value }) => value ?? null)}::double precision[]) AS n (i, who, arm, variant, reached, value)`;
}

const made = (n: number, one: Omit<One, 'value'>, value: (i: number) => number | undefined): One[] =>
  Array.from({ length: n }, (_, i) => ({ ...one, value: value(i) }));
const converted = (of: readonly One[]) => of.filter(({ value }) => value !== undefined).length;

/** A comparison as it must be said. */
function checkPair(
  said: Awaited<ReturnType<typeof told>>['goal']['variants'][number]['effect'],
  treated: readonly One[],
  control: readonly One[],
  alpha: number,
  what: string,
): void {
  const [k1, n1, k0, n0] = [converted(treated), treated.length, converted(control), control.length];
  const [p1, p0] = [n1 ? k1 / n1 : 0, k0 / n0];
  const [[l1, u1], [l0, u0]] = [wilsonOf(k1, n1, alpha), wilsonOf(k0, n0, alpha)];
  const d = p1 - p0;
  near(said!.difference, d, `${what} d`);
  const newcombe = [
    d - Math.sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2),
    d + Math.sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2),
  ];
  near(said!.atPlannedEnd.interval, newcombe, `${what} Newcombe`);
  const variance = (p1 * (1 - p1)) / n1 + (p0 * (1 - p0)) / n0;
  if (!(variance > 0)) return assert.equal(said!.whileRunning, null, what);
  const half = halfOf(variance, n1 + n0, alpha);
  near(said!.whileRunning, [d - half, d + half], `${what} always valid`);
}

test('by hand: a holdout that walks as a shadow, with values: share, intervals, split, walk and value per entry', async () => {
  const treated = made(1_800, { arm: 0, variant: null, reached: true }, (i) =>
    i % 5 === 0 ? 10 + (i % 7) * 3 : undefined,
  );
  const holdout = made(190, { arm: 1, variant: null, reached: true }, (i) =>
    i % 9 === 0 ? 12 + (i % 4) : undefined,
  );
  treated[0]!.value = 5_000;
  for (const one of treated.slice(0, 40)) one.reached = false;
  const { epoch, goal } = await told({ holdout: '10%' }, [...treated, ...holdout]);
  checkPair(goal.effect, treated, holdout, 0.05, 'all');
  near(goal.treated.interval, wilsonOf(converted(treated), 1_800, 0.05), 'Wilson');
  const expected = [1_990 * 0.9, 1_990 * 0.1];
  const chi2 = (1_800 - expected[0]!) ** 2 / expected[0]! + (190 - expected[1]!) ** 2 / expected[1]!;
  near([epoch.split!.chi2, epoch.split!.p], [chi2, tailOf(chi2, 1)], 'split');
  // As a table of two by two: came to the message or not.
  const table = [
    [1_760, 40],
    [190, 0],
  ];
  const columns = [1_950, 40];
  const walk = table
    .flatMap(([a, b], i) =>
      [a!, b!].map((seen, j) => {
        const of = ((i ? 190 : 1_800) * columns[j]!) / 1_990;
        return (seen - of) ** 2 / of;
      }),
    )
    .reduce((sum, one) => sum + one, 0);
  near([epoch.walk!.chi2, epoch.walk!.p], [walk, tailOf(walk, 1)], 'walk');
  const values = [...treated, ...holdout].map(({ value }) => value ?? 0).toSorted((a, b) => a - b);
  const cap = values[Math.ceil(0.999 * values.length) - 1]!;
  near(goal.valuePerEntry!.cap, cap, 'cap');
  const means = [treated, holdout].map((arm) => {
    const own = arm.map(({ value }) => Math.min(value ?? 0, cap));
    const mean = own.reduce((sum, one) => sum + one, 0) / own.length;
    return {
      mean,
      error: own.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (own.length - 1) / own.length,
    };
  });
  const [a, b] = means as [(typeof means)[0], (typeof means)[0]];
  near([goal.valuePerEntry!.treated, goal.valuePerEntry!.holdout], [a.mean, b.mean], 'value per entry');
  const half = halfOf(a.error + b.error, 1_990, 0.05);
  near(
    goal.valuePerEntry!.whileRunning,
    [a.mean - b.mean - half, a.mean - b.mean + half],
    'interval of values',
  );
  near(
    goal.treated.value,
    treated.reduce((sum, { value }) => sum + (value ?? 0), 0),
    'all that was taken in',
  );
});

test('by hand: three variants of which one has nobody and one converts nobody: α is shared, nothing is made of nothing', async () => {
  const a = made(600, { arm: 0, variant: 'a', reached: true }, (i) => (i % 4 === 0 ? 0 : undefined));
  const b = made(590, { arm: 0, variant: 'b', reached: true }, () => undefined);
  const holdout = made(400, { arm: 1, variant: null, reached: true }, (i) => (i % 6 === 0 ? 0 : undefined));
  for (const one of b.slice(0, 300)) one.reached = false;
  const variants: [string, string][] = [
    ['a', '40%'],
    ['b', '40%'],
    ['c', '20%'],
  ];
  const { epoch, goal } = await told({ holdout: '20%', variants }, [...a, ...b, ...holdout]);
  const alpha = 0.05 / 3;
  const [saidA, saidB, saidC] = goal.variants;
  checkPair(saidA!.effect, a, holdout, alpha, 'a');
  checkPair(saidB!.effect, b, holdout, alpha, 'b');
  checkPair(goal.effect, [...a, ...b], holdout, 0.05, 'all');
  assert.deepEqual([saidC!.entries, saidC!.converted, saidC!.rate, saidC!.interval], [0, 0, null, [0, 1]]);
  assert.equal(saidC!.effect!.whileRunning, null);
  const n = 1_590;
  const chi2 = [
    [600, 0.32],
    [590, 0.32],
    [0, 0.16],
    [400, 0.2],
  ]
    .map(([seen, share]) => (seen! - n * share!) ** 2 / (n * share!))
    .reduce((sum, one) => sum + one, 0);
  near(epoch.split!.chi2, chi2, 'split');
  assert.deepEqual(
    [epoch.split!.isBroken, saidA!.effect!.verdict, saidC!.effect!.verdict],
    [true, 'split_broken', 'split_broken'],
  );
  assert.equal(
    epoch.walk!.isBroken,
    true,
    'half of b did not come to the message: that c has nobody hides it from nobody',
  );
  near([goal.valuePerEntry!.treated, goal.valuePerEntry!.holdout], [0, 0], 'what is worth nothing');
});

test('by hand: nobody converts, and very few do: no interval of nothing, and what the few are worth is not nought', async () => {
  const none = (arm: 0 | 1, n: number) => made(n, { arm, variant: null, reached: true }, () => undefined);
  const nobody = await told({ holdout: '50%' }, [...none(0, 100), ...none(1, 100)]);
  const [, top] = wilsonOf(0, 100, 0.05);
  near(nobody.goal.effect!.atPlannedEnd.interval, [-top, top], 'Newcombe of nothing');
  assert.deepEqual([nobody.goal.effect!.whileRunning, nobody.goal.effect!.verdict], [null, 'too_early']);
  const [few, other] = [none(0, 20_000), none(1, 20_000)];
  for (let i = 0; i < 12; i++) few[i]!.value = 100;
  for (let i = 0; i < 11; i++) other[i]!.value = 50;
  const { goal } = await told({ holdout: '50%' }, [...few, ...other]);
  near(
    [goal.valuePerEntry!.treated, goal.valuePerEntry!.holdout],
    [1_200 / 20_000, 550 / 20_000],
    'of the few',
  );
  near(goal.valuePerEntry!.cap, 100, 'cap of the few');
});

/** How much a share (or a mean) varies that is made of people's own sums: of each `of` entries, `sum` of what is counted. */
function clustered(people: readonly { of: number; sum: number }[]): { mean: number; variance: number } {
  const n = people.reduce((all, one) => all + one.of, 0);
  const mean = people.reduce((all, one) => all + one.sum, 0) / n;
  return { mean, variance: people.reduce((all, { of, sum }) => all + (sum - mean * of) ** 2, 0) / n ** 2 };
}

test('campaigns.md §3.10: who enters ten times is one person: neither the split nor an interval is surer for it', async () => {
  const once = [
    ...made(175, { arm: 0, variant: null, reached: true }, (i) => (i % 3 === 0 ? 10 + (i % 5) : undefined)),
    ...made(125, { arm: 1, variant: null, reached: true }, (i) => (i % 5 === 0 ? 10 : undefined)),
  ];
  const often = once.flatMap((one, who) => Array.from({ length: 10 }, () => ({ ...one, who })));
  const [alone, tenfold] = [await told({ holdout: '50%' }, once), await told({ holdout: '50%' }, often)];
  assert.deepEqual(tenfold.epoch.split, alone.epoch.split);
  assert.equal(alone.epoch.split!.isBroken, false);
  assert.equal(tenfold.goal.treated.entries, 1_750, 'entries are told as they are');
  assert.deepEqual([alone.goal.treated.people, tenfold.goal.treated.people], [175, 175]);
  const [a, b] = [alone.goal, tenfold.goal];
  near(b.treated.interval, a.treated.interval, 'Wilson');
  near(b.effect!.whileRunning, a.effect!.whileRunning!, 'always valid');
  near(b.effect!.atPlannedEnd.interval, a.effect!.atPlannedEnd.interval!, 'Newcombe');
  near(b.valuePerEntry!.whileRunning, a.valuePerEntry!.whileRunning!, 'values');
  assert.equal(b.effect!.verdict, a.effect!.verdict);
});

test('campaigns.md §3.10: people who enter unlike often: the variance is of people, by the ratio of their sums', async () => {
  const people = Array.from(
    { length: 400 },
    (_, who) => ({ who, arm: who % 2 ? 1 : 0, times: 1 + (who % 7) }) as const,
  );
  const entries = people.flatMap(({ who, arm, times }) =>
    Array.from({ length: times }, (_, i): One => {
      // Who converts does so mostly.
      const value = who % 4 < 2 && (i + who) % 5 ? 3 + ((who + i) % 6) : undefined;
      return { arm, variant: null, reached: true, value, who };
    }),
  );
  const { goal } = await told({ holdout: '50%' }, entries);
  const sumsOf = (arm: number, of: (one: One) => number) =>
    people
      .filter((one) => one.arm === arm)
      .map(({ who, times }) => ({
        of: times,
        sum: entries.filter((one) => one.who === who).reduce((all, one) => all + of(one), 0),
      }));
  const shares = [0, 1].map((arm) => clustered(sumsOf(arm, ({ value }) => (value === undefined ? 0 : 1))));
  const sure = shares.map(({ mean, variance }) => (mean * (1 - mean)) / variance);
  const [t, c] = shares as [(typeof shares)[0], (typeof shares)[0]];
  near(goal.treated.rate, t.mean, 'rate');
  near(goal.treated.interval, wilsonOf(t.mean * sure[0]!, sure[0]!, 0.05), 'Wilson');
  const half = halfOf(t.variance + c.variance, sure[0]! + sure[1]!, 0.05);
  const d = t.mean - c.mean;
  near(goal.effect!.whileRunning, [d - half, d + half], 'always valid');
  const worth = [0, 1].map((arm) => clustered(sumsOf(arm, ({ value }) => value ?? 0)));
  const [w1, w0] = worth as [(typeof worth)[0], (typeof worth)[0]];
  const wide = halfOf(((w1.variance + w0.variance) * 200) / 199, 400, 0.05);
  near(
    goal.valuePerEntry!.whileRunning,
    [w1.mean - w0.mean - wide, w1.mean - w0.mean + wide],
    'values of people',
  );
});

test('campaigns.md §3.10: epochs as one: by how sure each is, and none that is too small, whose split is broken or that counted another thing', async () => {
  const place = await newPlace();
  const publish = async (holdout: string, event: string) => {
    const goals = [{ key: 'bought', event, within: '7d', primary: true } as const];
    const steps = [{ key: 'x', send: { content: { type: 'text' as const, text: 'x' }, channel: 'email' } }];
    return await place.live({ key: 'many', trigger: { api: true }, holdout, goals, steps });
  };
  const arm = (which: 0 | 1, n: number, every: number) =>
    made(n, { arm: which, variant: null, reached: true }, (i) => (i % every === 0 ? 0 : undefined));
  // Counted another thing; too small, and as it seems of no variance; broken; nobody; and two that count.
  const epochs: [string, string, One[]][] = [
    ['50%', 'look', [...arm(0, 1_000, 2), ...arm(1, 1_000, 10)]],
    ['40%', 'buy', [...arm(0, 1, 1), ...arm(1, 100, 100)]],
    ['50%', 'buy', [...arm(0, 2_000, 2), ...arm(1, 1_000, 10)]],
    ['30%', 'buy', []],
    ['50%', 'buy', [...arm(0, 1_000, 4), ...arm(1, 1_000, 5)]],
    ['20%', 'buy', [...arm(0, 4_000, 5), ...arm(1, 1_000, 6)]],
  ];
  let id = 0;
  for (const [i, [holdout, event, entries]] of epochs.entries()) {
    ({ id } = await publish(holdout, event));
    await write(place, id, entries, i + 1);
  }
  const { pooled } = await report(place, id);
  const [a, b] = [
    [250 / 1_000, 1_000, 200 / 1_000, 1_000],
    [800 / 4_000, 4_000, 167 / 1_000, 1_000],
  ].map(([p1, n1, p0, n0]) => ({
    d: p1! - p0!,
    variance: (p1! * (1 - p1!)) / n1! + (p0! * (1 - p0!)) / n0!,
  })) as [{ d: number; variance: number }, { d: number; variance: number }];
  const weight = 1 / a.variance + 1 / b.variance;
  const d = (a.d / a.variance + b.d / b.variance) / weight;
  const half = zOf(0.05) / Math.sqrt(weight);
  const wide = halfOf(1 / weight, 7_000, 0.05);
  assert.deepEqual([pooled.length, pooled[0]!.epochs], [1, 2]);
  near(pooled[0]!.d, d, 'd');
  near(pooled[0]!.interval, [d - half, d + half], 'at one planned end');
  near(pooled[0]!.whileRunning, [d - wide, d + wide], 'however often one looks');
});

test('campaigns.md §3.10: of an arm in which nobody is nothing is said: no difference, no interval, too early', async () => {
  const a = made(600, { arm: 0, variant: 'a', reached: true }, (i) => (i % 4 === 0 ? 5 : undefined));
  const holdout = made(400, { arm: 1, variant: null, reached: true }, (i) => (i % 6 === 0 ? 5 : undefined));
  const variants: [string, string][] = [
    ['a', '99.99%'],
    ['b', '0.01%'],
  ];
  const { goal } = await told({ holdout: '40%', variants }, [...a, ...holdout]);
  const { effect, valuePerEntry } = goal.variants[1]!;
  assert.deepEqual(effect, {
    difference: null,
    verdict: 'too_early',
    whileRunning: null,
    atPlannedEnd: { interval: null, note: 'valid only at the planned end' },
  });
  assert.deepEqual(
    [valuePerEntry!.treated, valuePerEntry!.difference, valuePerEntry!.whileRunning, valuePerEntry!.verdict],
    [null, null, null, 'too_early'],
  );
  const lines = reportLines(
    { key: 'hand', state: 'active' },
    {
      epochs: [{ ...EPOCH, goals: [goal] }],
      pooled: [],
      funnel: {},
      steps: [],
      endings: {},
      winsorisedAt: 0.999,
    },
    [],
  ).join('\n');
  assert.match(lines, /variant b: too early to say/);
  const nobody = await told({ holdout: '40%' }, []);
  assert.equal(nobody.goal.effect!.difference, null);
});

const EPOCH = {
  epoch: 1,
  beganAt: '2026-01-01T00:00:00.000Z',
  holdoutShare: 0.4,
  workspaceHoldoutShare: 0,
  entered: { treated: 600, holdout: 400, workspaceHoldout: 0 },
  split: null,
  walk: null,
  warnings: [],
};
