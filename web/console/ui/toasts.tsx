/** A line that says what was done, and takes it back for six seconds; longer while one points at it or has come to it by keys. */
import { useSyncExternalStore, type ReactElement } from 'react';

type Toast = { id: number; text: string; tone: 'plain' | 'bad'; undo?: () => void };

const LASTS_MS = 6_000;
let toasts: readonly Toast[] = [];
let ids = 0;
const watchers = new Set<() => void>();
const set = (next: readonly Toast[]) => {
  toasts = next;
  for (const watcher of watchers) watcher();
};

/** Says it. */
export function toast(text: string, more: { undo?: () => void; tone?: 'plain' | 'bad' } = {}): void {
  const id = ++ids;
  set([...toasts, { id, text, tone: more.tone ?? 'plain', ...(more.undo ? { undo: more.undo } : {}) }]);
  leaveLater(id);
}

function leaveLater(id: number): void {
  const isHeld = () => document.querySelector('.toast:hover, .toast:focus-within') !== null;
  window.setTimeout(() => (isHeld() ? leaveLater(id) : drop(id)), LASTS_MS);
}

/** Says that something did not work, in the server's words. */
export function toastError(error: unknown): void {
  toast(error instanceof Error ? error.message : 'That did not work.', { tone: 'bad' });
}

function drop(id: number): void {
  set(toasts.filter((one) => one.id !== id));
}

/** Where they are shown. */
export function Toasts(): ReactElement {
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, tone, undo }) => (
        <div key={id} className="toast" data-tone={tone}>
          <span>{text}</span>
          {undo ? (
            <button
              type="button"
              onClick={() => {
                undo();
                drop(id);
              }}
            >
              Undo
            </button>
          ) : null}
        </div>
      ))}
    </div>
  );
}
