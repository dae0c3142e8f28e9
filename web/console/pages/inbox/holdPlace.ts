/** A list whose rows come and go above what one reads: it stays where it is, and says how many are new above. */
import { useLayoutEffect, useRef, useState, type RefObject } from 'react';

/** Which row stands first in view, and where it goes: what `useHoldPlace` decides, without a page. */
export function shiftOf(
  before: readonly string[],
  after: readonly string[],
  first: number,
): { rows: number; fresh: string[] } {
  // The first row in view that is still there is what one reads.
  const at = before.findIndex((id, n) => n >= first && after.includes(id));
  if (at < 0) return { rows: 0, fresh: [] };
  const now = after.indexOf(before[at]!);
  const above = new Set(before.slice(0, at));
  return { rows: now - at, fresh: after.slice(0, now).filter((id) => !above.has(id)) };
}

/** Holds the place of a list whose rows all have one height, once one is in it: scrolled, or with the pointer over it. */
export function useHoldPlace(
  scroller: RefObject<HTMLDivElement | null>,
  ids: readonly string[],
  rowPx: number,
): { fresh: number; toTop: () => void } {
  const before = useRef<readonly string[]>([]);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const key = ids.join(' ');
  useLayoutEffect(() => {
    const element = scroller.current;
    const was = before.current;
    before.current = key === '' ? [] : key.split(' ');
    if (!element || !was.length) return;
    const isIn = element.scrollTop > 0 || element.matches(':hover');
    if (!isIn) return;
    const shift = shiftOf(was, before.current, Math.floor(element.scrollTop / rowPx));
    if (shift.rows !== 0) element.scrollTop += shift.rows * rowPx;
    if (shift.fresh.length) setFresh((now) => new Set([...now, ...shift.fresh]));
  }, [key, rowPx, scroller]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !fresh.size) return;
    const seen = () => element.scrollTop < rowPx / 2 && setFresh(new Set());
    element.addEventListener('scroll', seen, { passive: true });
    return () => element.removeEventListener('scroll', seen);
  }, [fresh, rowPx, scroller]);
  return { fresh: fresh.size, toTop: () => scroller.current?.scrollTo({ top: 0 }) };
}
