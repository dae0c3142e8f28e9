/**
 * What a report says, worked out once more from each entry by other ways than the report's own: roots and areas are looked for by halving and
 * by adding up, variances from the values themselves. In a process of its own: it writes rows by hand that no audit of the others' campaigns
 * would let pass.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCampaign, versionsOf } from '../src/campaigns/campaigns.ts';
import { reportOf } from '../src/campaigns/report/report.ts';
import { DAY_MS, newPlace, sql } from './campaignsProduct.ts';

type Place = Awaited<ReturnType<typeof newPlace>>;
/** One entry: which arm (1 is held out), variant, whether it came to the first message, what it was worth; undefined did not convert. */
type One = { arm: 0 | 1; variant: string | null; reached: boolean; value: number | undefined };

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
  got: readonly number[] | number | null | undefined,
  wanted: readonly number[] | number,
  what: string,
) {
  const [a, b] = [[got ?? NaN].flat(), [wanted].flat()];
  assert.equal(a.length, b.length, what);
  a.forEach((one, i) =>
    assert.ok(
      Math.abs(one - b[i]!) <= 1e-6 * Math.max(1, Math.abs(b[i]!)),
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
  const enteredMs = (await place.nowMs()) - 30 * DAY_MS;
  await sql`
    INSERT INTO campaign_entries (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm, variant,
      entered_ms, reached_ms, converted)
    SELECT i % 4096, 2000000000 + i, ${campaign.id}, 1, 2000000000 + i, ${place.id}, 0, 1, arm, variant, ${enteredMs},
      CASE WHEN reached THEN ${enteredMs}::bigint END,
      CASE WHEN value IS NULL THEN '{}'
        ELSE jsonb_build_object('bought', jsonb_build_object('n', 1, 'value', value, 'firstMs', ${enteredMs}::bigint)) END
    FROM unnest(${entries.map((_, i) => i)}::bigint[], ${entries.map(({ arm }) => arm)}::smallint[],
      ${entries.map(({ variant }) => variant)}::text[], ${entries.map(({ reached }) => reached)}::boolean[],
      ${entries.map(({ value }) => value ?? null)}::double precision[]) AS n (i, arm, variant, reached, value)`;
  const row = (await findCampaign(sql, place.id, campaign.id))!;
  const found = await reportOf(sql, row, await versionsOf(sql, campaign.id), await place.nowMs());
  return { epoch: found.epochs[0]!, goal: found.epochs[0]!.goals[0]! };
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
