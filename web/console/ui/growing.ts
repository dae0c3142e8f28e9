/** Lists that grow as one scrolls: as much of them is in the page as fits, however much was loaded. */
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useVirtualizer, type Virtualizer, type VirtualItem } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, type RefObject } from 'react';
import { isCut, wantsMore } from './growth.ts';

/** Rows kept above and below what is seen. */
const OVERSCAN_ROWS = 6;

/** A list, as its page draws it. */
export type GrowingRows<R> = {
  /** All that are loaded; the same array until they change. */
  rows: readonly R[];
  scroller: RefObject<HTMLDivElement | null>;
  virtual: Virtualizer<HTMLDivElement, Element>;
  items: VirtualItem[];
  /** There is more, which is not asked for: one is to narrow it. */
  isCut: boolean;
};

type Pages<P> = Pick<
  UseInfiniteQueryResult<InfiniteData<P>>,
  'data' | 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'
>;

/** The rows of a query, all of one height; `rowsOf` is the same function at each call. Asks for the next page before the end is seen. */
export function useGrowing<P, R extends { id: string }>(
  { data, hasNextPage, isFetchingNextPage, fetchNextPage }: Pages<P>,
  rowsOf: (page: P) => readonly R[],
  rowPx: number,
): GrowingRows<R> {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => data?.pages.flatMap(rowsOf) ?? [], [data, rowsOf]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => rows[index]!.id,
    overscan: OVERSCAN_ROWS,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  const more = !isFetchingNextPage && wantsMore({ lastShown, loaded: rows.length, hasNext: hasNextPage });
  useEffect(() => {
    if (more) void fetchNextPage();
  }, [more, fetchNextPage]);
  return { rows, scroller, virtual, items, isCut: isCut({ loaded: rows.length, hasNext: hasNextPage }) };
}
