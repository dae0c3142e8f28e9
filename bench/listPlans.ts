/** What the statements of a call took, and how Postgres did the slowest: all that goes through `pg` in this process is seen. */
import pg from 'pg';
import { sharedMs } from './measure.ts';

type Seen = { client: pg.Client; text: string; values: unknown[]; ms: number };
type Asked = string | { text: string; values?: unknown[] };

/** Watches from now on. `slowest` calls once and tells of its slowest statement: how long it took, what it is, and its plan. */
export function watchStatements(): { slowest(call: () => Promise<unknown>): Promise<string> } {
  let seen: Seen[] | undefined;
  // It is called with the client that it is of.
  // oxlint-disable-next-line typescript/unbound-method
  const query = pg.Client.prototype.query as (...given: unknown[]) => Promise<{ rows: object[] }>;
  const note = async (into: Seen[], client: pg.Client, asked: Asked, answer: Promise<unknown>) => {
    const fromMs = sharedMs();
    await Promise.allSettled([answer]);
    const { text, values = [] } = typeof asked === 'string' ? { text: asked } : asked;
    if (/^\s*(?:SELECT|WITH)/i.test(text)) into.push({ client, text, values, ms: sharedMs() - fromMs });
  };
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const answer = query.apply(this, given);
    if (seen) void note(seen, this, given[0] as Asked, answer);
    return answer;
  } as typeof pg.Client.prototype.query;
  return {
    async slowest(call) {
      const these: Seen[] = (seen = []);
      await call();
      seen = undefined;
      const slowest = these.toSorted((a, b) => b.ms - a.ms)[0];
      if (!slowest) return 'it asked nothing of the store';
      const { client, text, values, ms } = slowest;
      const { rows } = await query.call(client, { text: `EXPLAIN (ANALYZE, BUFFERS) ${text}`, values });
      const plan = rows.map((row) => Object.values(row)[0] as string).join('\n');
      return `${these.length} statements; ${ms.toFixed(1)} ms: ${text.replaceAll(/\s+/g, ' ').trim()}\n${plan}`;
    },
  };
}
