/** Lists that stay in order. Pure. */

/** Puts one where it belongs among what is in order, behind its equals: at the end, mostly. */
export function putInOrder<T>(sorted: T[], one: T, by: (one: T) => number): void {
  let [from, until] = [0, sorted.length];
  if (!until || !(by(sorted[until - 1]!) > by(one))) return void sorted.push(one);
  while (from < until) {
    const middle = (from + until) >>> 1;
    if (by(sorted[middle]!) > by(one)) until = middle;
    else from = middle + 1;
  }
  sorted.splice(from, 0, one);
}
