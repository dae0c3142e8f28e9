/**
 * The variables a template may use, and the choice of those it does use. What is chosen is stored with a delivery,
 * and rendering from it gives the same text again: that is what history shows.
 */

/** What is known about a recipient. Attributes are also visible at the root, as Outbound had them. */
export type Variables = {
  contact?: {
    id?: number | string | null;
    externalId?: string | null;
    givenName?: string | null;
    surname?: string | null;
    name?: string | null;
    email?: string | null;
    phone?: string | null;
    locale?: string | null;
    timezone?: string | null;
  };
  attributes?: Readonly<Record<string, unknown>>;
  workspace?: { name?: string | null };
  links?: Readonly<Record<string, string>>;
  event?: Readonly<Record<string, unknown>>;
};

/** The names below roots that are closed: whatever else is asked of them is nothing. */
export const NAMES_OF: Readonly<Record<string, readonly string[]>> = {
  contact: ['id', 'externalId', 'givenName', 'surname', 'name', 'email', 'phone', 'locale', 'timezone'],
  workspace: ['name'],
};

/** The used part of the variables, as JSON. Is itself good to render from. */
export type PickedVariables = Variables;

/** `contact.givenName` as segments. */
export type Path = string[];

const ROOTS = new Set(['contact', 'attributes', 'workspace', 'links', 'event']);

/** Names that Outbound knew at the root, for contacts without an attribute of that name. */
const OUTBOUND_NAMES: Readonly<Record<string, string>> = {
  user_id: 'externalId',
  first_name: 'givenName',
  last_name: 'surname',
  email: 'email',
  phone_number: 'phone',
  timezone: 'timezone',
};

/** Picks what a set of paths needs. */
type Picker = {
  /** The paths as they are written in the templates, sorted. */
  variables: string[];
  pick: (all: Variables) => PickedVariables;
  /** What Liquid renders from: the picked variables, and attributes at the root. */
  scope: (picked: PickedVariables) => object;
};

/** A picker for paths. Null counts as missing, so that nobody is greeted "Hi ,". */
export function pickerFor(paths: Path[]): Picker {
  const atRoot = new Set<string>();
  const wanted = new Map<string, Path>();
  const want = (path: Path) => wanted.set(path.join('\u0000'), path);
  for (const path of paths) {
    const first = path[0];
    if (first === undefined || path.includes('__proto__')) continue;
    if (ROOTS.has(first)) {
      want(path);
      continue;
    }
    atRoot.add(first);
    want(['attributes', ...path]);
    if (Object.hasOwn(OUTBOUND_NAMES, first)) want(['contact', OUTBOUND_NAMES[first]!]);
  }
  const needed = withoutCovered([...wanted.values()]);
  const roots = [...new Set(needed.map((path) => path[0]!))];
  const rootNames = [...atRoot];
  return {
    variables: [...new Set(paths.map((path) => path.join('.')))].sort(),
    pick(all) {
      const picked: Record<string, unknown> = {};
      // Present though empty, so that a missing `contact.email` is reported by its whole name.
      for (const root of roots) picked[root] = {};
      for (const path of needed) copyPath(path, all, picked);
      return picked;
    },
    scope: rootNames.length === 0 ? (picked) => picked : (picked) => scopeWith(rootNames, picked),
  };
}

function scopeWith(rootNames: string[], picked: PickedVariables): object {
  const scope: Record<string, unknown> = { ...picked };
  const contact = picked.contact as Record<string, unknown> | undefined;
  for (const name of rootNames) {
    const attribute = picked.attributes?.[name];
    const value = attribute === undefined ? contact?.[OUTBOUND_NAMES[name] ?? ''] : attribute;
    if (value !== undefined) scope[name] = value;
  }
  return scope;
}

/** Drops a path when a shorter one brings the whole object anyway: what is copied by reference is never written to. */
function withoutCovered(paths: Path[]): Path[] {
  const all = new Set(paths.map((path) => path.join('\u0000')));
  const isCovered = (path: Path) =>
    path.some((_segment, length) => length > 0 && all.has(path.slice(0, length).join('\u0000')));
  return paths.filter((path) => !isCovered(path));
}

/** Copies one path from `from` to `to`. Lists and strings are taken whole: Liquid reads `size`, `first` and `last` of them. */
function copyPath(path: Path, from: Record<string, unknown>, to: Record<string, unknown>): void {
  for (let i = 0; i < path.length; i++) {
    const segment = path[i]!;
    if (!Object.hasOwn(from, segment)) {
      // The number of keys of an object.
      if (segment === 'size' && i > 0) Object.assign(to, from);
      return;
    }
    const value = from[segment];
    if (value === undefined || value === null) return;
    if (i === path.length - 1 || typeof value !== 'object' || Array.isArray(value)) {
      to[segment] = value;
      return;
    }
    from = value as Record<string, unknown>;
    to = (to[segment] ??= {}) as Record<string, unknown>;
  }
}
