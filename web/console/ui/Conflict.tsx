/** Two have changed one thing: what one wrote is kept until one chooses. */
import type { ReactElement, ReactNode } from 'react';

type Props = { what: string; onMine: () => void; onTheirs: () => void; children: ReactNode };

/** The banner; `children` say what becomes of what one wrote. */
export function Conflict({ what, onMine, onTheirs, children }: Props): ReactElement {
  return (
    <div className="conflict" role="alert">
      <p>
        <strong>Somebody else has changed this {what}.</strong> {children}
      </p>
      <button type="button" className="chip" onClick={onMine}>
        Save mine over it
      </button>
      <button type="button" className="chip" onClick={onTheirs}>
        Take theirs
      </button>
    </div>
  );
}
