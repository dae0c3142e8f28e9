/** Pages of a large store that hold nothing of what is looked for, and are not the last: the next is asked for, until something is there. */
import { useEffect } from 'react';

type Pages = {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  error: Error | null;
  fetchNextPage: () => Promise<unknown>;
};

/** Goes on by itself while there is nothing to show; true as long as it does. */
export function useGoOn(
  { hasNextPage, isFetchingNextPage, error, fetchNextPage }: Pages,
  shown: number,
): boolean {
  const goesOn = shown === 0 && hasNextPage && !error;
  useEffect(() => {
    if (goesOn && !isFetchingNextPage) void fetchNextPage();
  }, [goesOn, isFetchingNextPage, fetchNextPage]);
  return goesOn;
}
