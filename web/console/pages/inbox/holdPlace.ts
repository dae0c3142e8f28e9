/** A list whose rows come and go above what one reads: it stays where it is, and says how many are new above. */
import { useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { shiftOf } from './shift.ts';

/**
 * Holds the place of a list whose rows all have one height, once one is in it: scrolled, or with the pointer over it. `ids` is the same
 * array until the rows change: a frame of scrolling looks into none of them.
 */
export function useHoldPlace(
  scroller: RefObject<HTMLDivElement | null>,
  ids: readonly string[],
  rowPx: number,
): { fresh: number; toTop: () => void } {
  const before = useRef<readonly string[]>([]);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  useLayoutEffect(() => {
    const element = scroller.current;
    const was = before.current;
    before.current = ids;
    if (!element || !was.length) return;
    const isIn = element.scrollTop > 0 || element.matches(':hover');
    if (!isIn) return;
    const shift = shiftOf(was, ids, Math.floor(element.scrollTop / rowPx));
    if (shift.rows !== 0) element.scrollTop += shift.rows * rowPx;
    if (shift.fresh.length) setFresh((now) => new Set([...now, ...shift.fresh]));
  }, [ids, rowPx, scroller]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !fresh.size) return;
    const seen = () => element.scrollTop < rowPx / 2 && setFresh(new Set());
    element.addEventListener('scroll', seen, { passive: true });
    return () => element.removeEventListener('scroll', seen);
  }, [fresh, rowPx, scroller]);
  return { fresh: fresh.size, toTop: () => scroller.current?.scrollTo({ top: 0 }) };
}
