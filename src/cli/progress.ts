/** How far something is: a bar that is redrawn where a person watches, lines now and then where the output goes elsewhere. */
import { monotonicMs } from '../base/clock.ts';

/** A thing in progress. */
type Progress = {
  /** `share` is 0..1, undefined while it is not known; `text` is what else there is to say. */
  show(share: number | undefined, text: string): void;
  /** Shows the last state and leaves the line. */
  end(share: number | undefined, text: string): void;
};

const WIDTH = 24;
const REDRAW_MS = 80;
const LINE_MS = 2000;

/** A progress on standard error. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const bar = stream.isTTY;
  let shownMs = -LINE_MS;
  const show = (share: number | undefined, text: string, last: boolean) => {
    const nowMs = monotonicMs();
    if (!last && nowMs - shownMs < (bar ? REDRAW_MS : LINE_MS)) return;
    shownMs = nowMs;
    const percent = share === undefined ? '' : `${String(Math.floor(share * 100)).padStart(3)} %  `;
    if (!bar) stream.write(`${percent}${text}\n`);
    else stream.write(`\r\u001b[K${drawn(share)} ${percent}${text}${last ? '\n' : ''}`);
  };
  return {
    show: (share, text) => show(share, text, false),
    end: (share, text) => show(share, text, true),
  };
}

function drawn(share: number | undefined): string {
  const full = Math.round((share ?? 0) * WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`;
}

/** A file that is read from its beginning to its end: how much of it is done, how fast, and how long the rest takes at that. */
export function createFileProgress(
  sizeBytes: number,
  what: string,
): (how: 'show' | 'end', bytes: number, count: number) => void {
  const progress = createProgress();
  const startMs = monotonicMs();
  return (how, bytes, count) => {
    const elapsedMs = monotonicMs() - startMs;
    const left = how === 'end' ? '' : `, ${timeText(((sizeBytes - bytes) * elapsedMs) / bytes)} left`;
    const share = sizeBytes > 0 ? Math.min(1, bytes / sizeBytes) : 1;
    progress[how](
      share,
      `${countText(count)} ${what}, ${countText((count / elapsedMs) * 1000)} a second${left}`,
    );
  };
}

/** How long something takes yet, as `1:05`. */
export function timeText(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const rest = String(seconds % 60).padStart(2, '0');
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

/** A count with its thousands apart. */
export function countText(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}
