/**
 * Who enters often is one person: arms are drawn of people, and what somebody does ten times says less than what ten do once. How much less is
 * found from the sums of each person (the variance of a ratio of means: Cochran, Sampling Techniques, 6.4; Deng et al., KDD 2018). Where each
 * entered once it is what it always was. Pure.
 */
import { meanOf, type Mean, type Share } from './statistics.ts';

/** Sums over people: squares of entries, squares of what converted, and one times the other. */
type Often = { people: number; closed2: number; converted2: number; both: number };

/** A share as if of people who entered once each: as many as it is sure by. */
export function asOfPeople(share: Share, { people, closed2, converted2, both }: Often): Share {
  const { converted, n } = share;
  if (n === 0 || people === n) return share;
  const p = converted / n;
  const seen = (converted2 - 2 * p * both + p ** 2 * closed2) / n ** 2;
  const alone = (p * (1 - p)) / n;
  // Where all did, or nobody, it does not vary: then as if each did the same every time.
  const times = Math.max(1, alone > 0 ? seen / alone : closed2 / n);
  return { converted: converted / times, n: n / times };
}

/** A mean of values for each entry, as of people. `squares` is of what each person was worth, `both` that times their entries. */
export function meanOfPeople({
  n,
  people,
  total,
  squares,
  closed2,
  both,
}: {
  n: number;
  people: number;
  total: number;
  squares: number;
  closed2: number;
  both: number;
}): Mean {
  if (people === n) return meanOf(n, total, squares);
  // Of one person nobody knows how much people differ.
  if (people < 2) return { n: people, mean: total / n, variance: 0 };
  const mean = total / n;
  const seen = Math.max(0, squares - 2 * mean * both + mean ** 2 * closed2) / n ** 2;
  return { n: people, mean, variance: people * (people / (people - 1)) * seen };
}
