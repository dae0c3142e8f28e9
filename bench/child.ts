/**
 * Processes of the bench and how the orchestrator talks to them: a command and its answer over Node's own channel between
 * parent and child. A child whose parent is gone stops by itself, so that a killed bench leaves nothing behind.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { arenas, heapFlags } from '../scripts/bootstrap.mjs';
import { pause, systemClock } from '../src/base/clock.ts';

/** What a child can be asked. */
export type Commands = { [name: string]: (input: never) => unknown };

type Request = { id: number; command: string; input: unknown };
type Answer = { id: number; value?: unknown; error?: string };

/** A child process. */
export type Child<C extends Commands> = {
  pid: number;
  ask<K extends keyof C & string>(command: K, ...input: Parameters<C[K]>): Promise<Awaited<ReturnType<C[K]>>>;
  /** Lets it clean up, and kills it when that takes too long. Safe to call twice. */
  stop(): Promise<void>;
};

const STOP_WITHIN_MS = 30_000;

/** Starts a file of this folder as a process of its own; resolves when it serves. */
export async function startChild<C extends Commands>(file: string, args: string[] = []): Promise<Child<C>> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    env: { ...cleanEnvironment(), ...arenas },
    // As `parley start` runs.
    execArgv: ['--disable-warning=ExperimentalWarning', ...heapFlags()],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // A terminal's Ctrl-C is for the orchestrator, which stops its children in order.
    detached: true,
    serialization: 'advanced',
  });
  const waiting = new Map<number, (answer: Answer) => void>();
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const answer of waiting.values()) answer({ id: 0, error: `${file} ended (${signal ?? code})` });
      waiting.clear();
      resolve();
    });
  });
  let started: ((answer: Answer) => void) | undefined;
  child.on('message', (answer: Answer) => {
    if (answer.id === 0) return started?.(answer);
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= stopChild(child, gone));
  try {
    await new Promise<void>((resolve, reject) => {
      started = ({ error }) => (error ? reject(new Error(error)) : resolve());
      child.once('error', reject);
      void gone.then(() => reject(new Error(`${file} ended before it was ready`)));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  let last = 0;
  return {
    pid: child.pid!,
    ask(command, ...[input]) {
      return new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, ({ value, error }) =>
          error === undefined ? resolve(value as never) : reject(new Error(`${command}: ${error}`)),
        );
        if (!child.connected) waiting.get(id)!({ id, error: `${file} is gone` });
        else child.send({ id, command, input } satisfies Request);
      });
    },
    stop,
  };
}

/** The environment without the shell's settings of Parley, which would change what is measured. */
export function cleanEnvironment(): Record<string, string> {
  const { PATH, HOME, TMPDIR, PARLEY_POSTGRES_BIN, NODE_COMPILE_CACHE } = process.env;
  const inherited = Object.entries({ PATH, HOME, TMPDIR, PARLEY_POSTGRES_BIN, NODE_COMPILE_CACHE });
  return Object.fromEntries(inherited.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

async function stopChild(child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.connected) child.disconnect();
  await Promise.race([gone, pause(systemClock, STOP_WITHIN_MS)]);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The child's side: answers commands until the parent goes away; then `stop` runs and the process ends. */
export function serve(commands: Commands, stop: () => Promise<void>): void {
  const send = (answer: Answer) => process.connected && process.send!(answer);
  process.on('message', ({ id, command, input }: Request) => {
    void (async () => {
      try {
        send({ id, value: await commands[command]!(input as never) });
      } catch (error) {
        send({ id, error: (error as Error).stack ?? String(error) });
      }
    })();
  });
  process.once('disconnect', () => {
    void stop()
      .catch((error: unknown) => console.error(error))
      .finally(() => process.exit());
  });
  // As `parley start` does.
  flushCompileCache();
  send({ id: 0 });
}
