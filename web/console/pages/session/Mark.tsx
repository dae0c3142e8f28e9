/** The mark and the name. */
import type { ReactElement } from 'react';

/** The mark with the name beside it. */
export function Mark(): ReactElement {
  return (
    <span className="mark">
      <img src="/favicon.svg" alt="" width={28} height={28} />
      <strong>Parley</strong>
    </span>
  );
}
