/**
 * A field for a text with lines that are counted, in which what its reader complains of is underlined where it stands. A plain field: what is
 * drawn behind it has the same letters in the same places.
 */
import { useRef, type ReactElement, type RefObject } from 'react';
import type { Problem } from '../../../contract/doors/console/render.ts';

type Props = {
  id: string;
  field: RefObject<HTMLTextAreaElement | null>;
  value: string;
  rows: number;
  isSource: boolean;
  /** Of this text. */
  problems: readonly Problem[];
  onText: (text: string) => void;
};

/** The field. */
export function SourceArea({ id, field, value, rows, isSource, problems, onText }: Props): ReactElement {
  const behind = useRef<HTMLPreElement>(null);
  return (
    <div className="source" data-source={isSource || undefined}>
      <pre ref={behind} aria-hidden="true" className="source-behind">
        {marked(value, problems)}
      </pre>
      <textarea
        id={id}
        ref={field}
        rows={rows}
        value={value}
        spellCheck={!isSource}
        aria-invalid={problems.some(({ severity }) => severity === 'error') || undefined}
        onScroll={({ currentTarget }) => {
          if (behind.current) behind.current.scrollTop = currentTarget.scrollTop;
        }}
        onChange={({ currentTarget }) => onText(currentTarget.value)}
      />
    </div>
  );
}

/** The text with what is wrong marked: from the column to the end of the word, or the whole line. */
function marked(text: string, problems: readonly Problem[]): ReactElement[] {
  return text.split('\n').map((line, n) => {
    const here = problems.find((one) => one.line === n + 1);
    if (!here) return <span key={n}>{`${line}\n`}</span>;
    const from = Math.max(0, (here.column ?? 1) - 1);
    const length = here.column === null ? line.length : (/^\S+/.exec(line.slice(from))?.[0].length ?? 1);
    return (
      <span key={n}>
        {line.slice(0, from)}
        <mark data-severity={here.severity}>{line.slice(from, from + length) || ' '}</mark>
        {`${line.slice(from + length)}\n`}
      </span>
    );
  });
}
