/** The commands and their flags. What each does is in a file of its own, read only when it is run. */
import { Command } from 'commander';
import { Failure, tell } from './failure.ts';

/** Runs a command and ends the process with its code. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...args], { from: 'user' });
    await ended(0);
  } catch (error) {
    tell(`parley: ${textOf(error)}`);
    await ended(error instanceof Failure ? error.exitCode : 1);
  }
}

function program(): Command {
  const parley = new Command('parley').description('Reaches people, and goes on as a conversation.');
  parley
    .command('start')
    .description('start the server and the worker')
    .option('--json', 'print one line of JSON when ready')
    .option('--port <port>', 'PARLEY_PORT')
    .option('--host <address>', 'PARLEY_HOST')
    .option('--data <directory>', 'PARLEY_DATA_DIR')
    .option('--roles <roles>', 'PARLEY_ROLES: http, worker, or both')
    .action(async (flags) => (await import('./start.ts')).start(flags));
  return parley;
}

/** What is known to go wrong has a text of its own; of a bug the stack is wanted. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: string };
  if (error instanceof Failure || error.name === 'PostgresRefusal') return error.message;
  if (code === 'EADDRINUSE') return `${error.message}: another program listens there; choose another --port.`;
  if (code === 'EACCES' || code === 'ENOENT' || code === 'EADDRNOTAVAIL') return error.message;
  return error.stack ?? error.message;
}

/** Ends the process once what was written has gone out, whatever timers are left. */
async function ended(code: number): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise<void>((done) => stream.write('', () => done())),
    ),
  );
  process.exit(code);
}
