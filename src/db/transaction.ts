/** A transaction on one connection: what begins it, ends it and rolls it back. Knows no table. */
import { isConnectionLost } from './errors.ts';
import { tagOn, type Execute, type Placement, type Tag } from './statement.ts';

/** A transaction. */
export type Tx = Tag & {
  /** Runs a part that may fail without failing the whole. */
  savepoint<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
};

/** Runs `work` in a transaction; what it throws rolls back. */
export async function inTransaction<T>(
  execute: Execute,
  placement: Placement,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  let savepoints = 0;
  // Of statements that go out together all after the first that failed are told that the transaction is aborted, and whoever waits for
  // them may hear of one of those first.
  let part: { failed?: unknown } = {};
  const noting: Execute = async (...asked) => {
    const current = part;
    try {
      return await execute(...asked);
    } catch (error) {
      current.failed ??= error;
      throw error;
    }
  };
  const tx: Tx = Object.assign(tagOn(noting, placement), {
    async savepoint<U>(work: (inner: Tx) => Promise<U>): Promise<U> {
      const name = `s${++savepoints}`;
      const around = part;
      // What fails in it, and is heard of when it is over, is no cause of what comes after it.
      const own: typeof part = (part = {});
      await execute(`SAVEPOINT ${name}`, [], false, 'free');
      try {
        const result = await work(tx);
        await execute(`RELEASE SAVEPOINT ${name}`, [], false, 'free');
        return result;
      } catch (error) {
        const cause = causeOf(error, own.failed);
        if (!isConnectionLost(cause)) await execute(`ROLLBACK TO SAVEPOINT ${name}`, [], false, 'free');
        throw cause;
      } finally {
        part = around;
      }
    },
  });
  // Not waited for: it leaves with the first statement. On a connection that is lost that one fails, too.
  const begun = execute('BEGIN', [], false, 'free');
  begun.catch(() => {});
  try {
    const result = await work(tx);
    await begun;
    const { command } = await execute('COMMIT', [], false, 'free');
    // Postgres answers COMMIT with ROLLBACK when a statement failed and its error was swallowed.
    if (command !== 'COMMIT')
      throw new Error('the transaction was rolled back: one of its statements had failed');
    return result;
  } catch (error) {
    const cause = causeOf(error, part.failed);
    if (!isConnectionLost(cause)) await execute('ROLLBACK', [], false, 'free');
    throw cause;
  }
}

/** Why a transaction failed: not that it had failed already (25P02). */
function causeOf(error: unknown, first: unknown): unknown {
  return (error as { code?: string } | undefined)?.code === '25P02' ? (first ?? error) : error;
}
