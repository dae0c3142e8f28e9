/** How many of a row's parts have room in it: the row wraps, and shows its first line. */
import { useLayoutEffect, useState, type RefObject } from 'react';

/** How many of the first; looked at again when the row, one of its parts or `what` they are changes. */
export function useFitting(row: RefObject<HTMLElement | null>, what: string): number {
  const [fit, setFit] = useState(Infinity);
  useLayoutEffect(() => {
    const node = row.current;
    if (!node) return;
    const parts = [...node.children] as HTMLElement[];
    const measure = () => {
      const over = parts.findIndex(({ offsetTop }) => offsetTop !== parts[0]!.offsetTop);
      setFit(over < 0 ? Infinity : over);
    };
    measure();
    const watch = new ResizeObserver(measure);
    for (const one of [node, ...parts]) watch.observe(one);
    return () => watch.disconnect();
  }, [row, what]);
  return fit;
}
