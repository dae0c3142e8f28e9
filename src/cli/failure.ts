/** How a command ends without a stack: the text is all a person needs. */

/** Ends a command with a text on standard error and an exit code. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Writes a line for whoever called. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a line for a person who watches, beside the output. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
