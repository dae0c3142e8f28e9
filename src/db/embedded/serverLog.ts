/** What the server says, in a file beside its cluster. */
import fs from 'node:fs';
import path from 'node:path';

const LOG_LIMIT_BYTES = 10_000_000;

/** Made by root in a directory of another user's, the log belongs to that user, who may start Parley next. */
export function openLog(file: string): number {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = fs.constants;
  const output = fs.openSync(file, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
  const owner = fs.statSync(path.dirname(file));
  if (process.getuid?.() === 0) fs.fchownSync(output, owner.uid, owner.gid);
  return output;
}

/** Keeps one former piece. The server appends, so it goes on at the start of the emptied file. */
export function trimLog(file: string): void {
  try {
    if (fs.lstatSync(file).size < LOG_LIMIT_BYTES) return;
    fs.rmSync(`${file}.1`, { force: true });
    fs.copyFileSync(file, `${file}.1`, fs.constants.COPYFILE_EXCL);
    const output = openLog(file);
    fs.ftruncateSync(output);
    fs.closeSync(output);
  } catch {
    // A log that cannot be trimmed, on a full disk say, is no reason to stop the database.
  }
}
