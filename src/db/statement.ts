/**
 * Statements as tagged templates: what is interpolated becomes a parameter, or, when it is a statement itself, a part of the
 * text. A statement runs when it is awaited; one that is not is only ever a part.
 */

/** The rows of a statement; `count` is how many rows it returned, or changed; `command` is Postgres's word for what it did. */
export type Rows<R extends readonly unknown[]> = R & { count: number; command: string };

/**
 * How work is done on a connection. `free`: planned for its values, and waits for its turn at one. `keyed`: names its rows by key, so that
 * its plans are kept (plans.ts); it is small and somebody waits for it, so it has connections that are kept for its kind. `keyed batch`:
 * names them by key and nobody waits: planned as the one, and waits its turn as the other.
 */
export type Manner = 'free' | 'keyed' | 'keyed batch';

/** How a statement wants to be done; `anyhow` when it has one plan, whatever is asked, and is small. */
export type AskedManner = Manner | 'anyhow';

/** Whatever runs a text with its parameters. */
export type Execute = (
  text: string,
  values: unknown[],
  prepare: boolean,
  /** Inside a transaction that one says it. */
  manner: AskedManner,
) => Promise<Rows<Record<string, unknown>[]>>;

/** A value that is sent as JSON. */
class Json {
  readonly text: string;
  constructor(value: unknown) {
    this.text = JSON.stringify(value) ?? 'null';
  }
}

function sent(value: unknown): unknown {
  if (value instanceof Json) return value.text;
  return Array.isArray(value) ? arrayText(value) : value;
}

/**
 * An array as Postgres reads it. pg would quote each element and look for two signs in it: 0.18 µs for a number, and a recipient of a broadcast
 * is some twenty elements. What is neither text, number nor truth value is left to it.
 */
function arrayText(list: readonly unknown[]): unknown {
  let text = '{';
  for (let at = 0; at < list.length; at++) {
    const item = list[at];
    if (at > 0) text += ',';
    if (typeof item === 'number' || typeof item === 'boolean') text += item;
    else if (typeof item === 'string') text += SPECIAL.test(item) ? quoted(item) : `"${item}"`;
    else if (item === null || item === undefined) text += 'NULL';
    else return list;
  }
  return `${text}}`;
}

/** What has a meaning of its own within the quotes of an element. */
const SPECIAL = /["\\]/;
const quoted = (item: string) => `"${item.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** A statement, or a part of one. */
export class Statement<R extends readonly unknown[]> implements PromiseLike<Rows<R>> {
  readonly #strings: readonly string[];
  readonly #values: readonly unknown[];
  readonly #execute: Execute;
  #prepare = true;
  #manner: AskedManner = 'free';
  #running: Promise<Rows<R>> | undefined;

  constructor(strings: readonly string[], values: readonly unknown[], execute: Execute) {
    this.#strings = strings;
    this.#values = values;
    this.#execute = execute;
  }

  /** Adds this statement's text and parameters to those of the statement it is a part of. */
  flatten(text: string[], values: unknown[]): void {
    for (const [index, string] of this.#strings.entries()) {
      text.push(string);
      if (index >= this.#values.length) continue;
      const value = this.#values[index];
      if (value instanceof Statement) value.flatten(text, values);
      else text.push(`$${values.push(sent(value))}`);
    }
  }

  /**
   * Planned anew each time, for the values it has. For statements over many rows whose best plan depends on them: prepared, a
   * fan-out's plan turns generic and quadratic in the contacts of a bucket (40 ms a lane instead of 2).
   */
  unprepared(): this {
    this.#prepare = false;
    return this;
  }

  /** Planned once for a connection: it names its rows by key (plans.ts). */
  keyed(): this {
    this.#manner = 'keyed';
    return this;
  }

  /** Has one plan, so that it is asked on a connection as that is: to make it plan otherwise and back is dearer than a small statement. */
  plannedAnyhow(): this {
    this.#manner = 'anyhow';
    return this;
  }

  #run(): Promise<Rows<R>> {
    if (!this.#running) {
      const text: string[] = [];
      const values: unknown[] = [];
      this.flatten(text, values);
      const undefinedAt = values.indexOf(undefined);
      // Undefined as NULL would hide a forgotten field.
      this.#running =
        undefinedAt < 0
          ? (this.#execute(text.join(''), values, this.#prepare, this.#manner) as unknown as Promise<Rows<R>>)
          : Promise.reject(
              new TypeError(
                `parameter ${undefinedAt + 1} is undefined in: ${text.join('').trim().slice(0, 200)}`,
              ),
            );
    }
    return this.#running;
  }

  // A statement is awaited like a promise; that is what runs it.
  // oxlint-disable-next-line unicorn/no-thenable
  then<A = Rows<R>, B = never>(
    fulfilled?: ((rows: Rows<R>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#run().then(fulfilled, rejected);
  }

  catch<B = never>(rejected: (reason: unknown) => B | PromiseLike<B>): Promise<Rows<R> | B> {
    return this.#run().catch(rejected);
  }

  finally(done: () => void): Promise<Rows<R>> {
    return this.#run().finally(done);
  }
}

// A row whose columns nobody declared.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyRow = Record<string, any>;

/** Whatever a statement can be written on. */
export type Tag = {
  <R extends readonly unknown[] = AnyRow[]>(
    strings: TemplateStringsArray,
    ...values: unknown[]
  ): Statement<R>;
  /** Runs a text as it is, of one or many statements. Never with anything a caller gave in it. */
  unsafe<R extends readonly unknown[] = AnyRow[]>(text: string, values?: unknown[]): Promise<Rows<R>>;
  /** A parameter that is JSON. */
  json(value: unknown): unknown;
  /** `a = $1, b = $2` of columns, for SET. Names are the code's own, never a caller's. */
  assignments(columns: Readonly<Record<string, unknown>>): Statement<AnyRow[]>;
  /**
   * `AND column = ANY(buckets)` for a statement that names its rows by key already, where it tells Citus the shard; nothing on
   * plain Postgres. There it would only mislead: Postgres takes it for something that narrows further what the lane has narrowed already,
   * and then reads all rows of the lane by it (11 ms for 500 keys of 30,000 rows, instead of 1; 90 ms for the next of a run of 100,000,
   * instead of 1). Buckets may be a column that has them. Names of columns are the code's own.
   */
  onShard(column: string, buckets: readonly number[] | string): Statement<AnyRow[]>;
  /** A whole number where rows of an INSERT … SELECT collide, or are returned: a parameter; on Citus, which takes none there, a part of the text. */
  inConflict(value: number): Statement<AnyRow[]>;
  /** What is known of the database that it runs on. */
  readonly placement: Placement;
};

/** What is known of the database. */
export type Placement = {
  /** Tables are spread over shards (Citus). */
  distributed: boolean;
  /** The shard of each bucket, where they are: known with it. */
  shardOf?: readonly number[];
  /** Under which addresses are kept that must not stand there (contacts/consent/proof.ts); absent until it is opened. */
  proofKey?: Uint8Array;
};

/** A tag whose statements run through `execute`. */
export function tagOn(execute: Execute, placement: Placement): Tag {
  const tag = (strings: TemplateStringsArray, ...values: unknown[]) =>
    new Statement<Record<string, unknown>[]>(strings, values, execute);
  return Object.assign(tag, {
    placement,
    unsafe: (text: string, values: unknown[] = []) => execute(text, values, false, 'free'),
    json: (value: unknown) => new Json(value),
    assignments(columns: Readonly<Record<string, unknown>>) {
      const names = Object.keys(columns);
      const odd = names.find((name) => !/^[a-z][a-z0-9_]*$/.test(name));
      if (odd !== undefined) throw new TypeError(`not a column: ${odd}`);
      const strings = names.map((name, index) => `${index ? ', ' : ''}${name} = `);
      return new Statement<AnyRow[]>([...strings, ''], Object.values(columns), execute);
    },
    inConflict(value: number) {
      if (!placement.distributed) return new Statement<AnyRow[]>(['', ''], [value], execute);
      if (!Number.isSafeInteger(value)) throw new TypeError(`no whole number: ${value}`);
      return new Statement<AnyRow[]>([`(${value})`], [], execute);
    },
    onShard(column: string, buckets: readonly number[] | string) {
      if (!placement.distributed) return new Statement<AnyRow[]>([''], [], execute);
      if (typeof buckets === 'string')
        return new Statement<AnyRow[]>([`AND ${column} = ANY(${buckets})`], [], execute);
      return new Statement<AnyRow[]>([`AND ${column} = ANY(`, '::smallint[])'], [buckets], execute);
    },
  }) as unknown as Tag;
}
