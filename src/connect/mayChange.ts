/**
 * What an account may change of an action that a company shared with it: paths into the campaign, with steps by their keys
 * (`steps.text.send.content.text`, `steps.wait`, `name`). Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CampaignFile } from '../../contract/campaign.ts';
import { isObject } from '../base/objects.ts';

type Json = unknown;

/** The first path at which a campaign differs from the action where it must not; undefined where it keeps to it. */
export function strayed(
  action: CampaignFile,
  campaign: CampaignFile,
  mayChange: readonly string[],
): string | undefined {
  return differences(byKeys(action), byKeys(campaign), '').find((path) => !isOpen(path, mayChange));
}

/** A new version of an action, with what the account had changed of the one before, as far as it still may. */
export function carriedOver(
  action: CampaignFile,
  campaign: CampaignFile,
  mayChange: readonly string[],
): CampaignFile {
  const next = byKeys(action);
  const own = byKeys(campaign);
  // Whoever may change all steps has changed those that there were: new ones stay as they come.
  const paths = mayChange.flatMap((path) =>
    path === 'steps' ? action.steps.map(({ key }) => `steps.${key}`) : [path],
  );
  for (const path of paths) {
    const value = valueAt(own, path);
    if (value !== undefined && valueAt(next, path) !== undefined) put(next, path.split('.'), value);
  }
  const steps = action.steps.map(({ key }) => (next['steps'] as Record<string, Json>)[key]);
  const { order: _order, ...rest } = next;
  return { ...rest, steps } as unknown as CampaignFile;
}

function isOpen(path: string, mayChange: readonly string[]): boolean {
  return mayChange.some((open) => path === open || path.startsWith(`${open}.`));
}

/** The campaign with its steps by key and in their order; a copy. */
function byKeys(file: CampaignFile): Record<string, Json> {
  const { steps, ...rest } = structuredClone(file);
  return {
    ...rest,
    steps: Object.fromEntries(steps.map((step) => [step.key, step])),
    order: steps.map(({ key }) => key),
  };
}

function differences(a: Json, b: Json, path: string): string[] {
  if (!isObject(a) || !isObject(b)) return isDeepStrictEqual(a, b) ? [] : [path];
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].flatMap((name) => differences(a[name], b[name], path ? `${path}.${name}` : name));
}

function valueAt(value: Json, path: string): Json {
  let at = value;
  for (const name of path.split('.')) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}

function put(into: Record<string, Json>, [name, ...rest]: readonly string[], value: Json): void {
  if (!rest.length) into[name!] = value;
  else put(into[name!] as Record<string, Json>, rest, value);
}
