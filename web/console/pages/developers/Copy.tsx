/** A text to be copied. */
import { useId, type ReactElement } from 'react';
import { toast } from '../../ui/toasts.tsx';

/** The text in a field, and a button that copies it. */
export function Copy({ label, text }: { label: string; text: string }): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="copy">
        <input
          id={id}
          className="mono"
          readOnly
          value={text}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <button
          type="button"
          className="chip"
          onClick={() => void navigator.clipboard.writeText(text).then(() => toast(`${label}: copied.`))}
        >
          Copy
        </button>
      </div>
    </div>
  );
}
