/** Settings of an integration, checked against its provider's table. Pure. */
import { isStorable, isStorableJson } from '../base/storable.ts';
import { beginningOf } from '../base/text.ts';
import Schema from 'typebox/schema';
import { breaks, isFault, type Fault } from '../base/fault.ts';
import { isObject } from '../base/objects.ts';

/** A rule for one setting; an adapter's table has this shape. */
export type SettingRule = {
  readonly required: boolean;
  readonly secret: boolean;
  readonly means: string;
  /** Where calls, and secrets with them, are sent: who changes it gives the secrets again. */
  readonly leads?: boolean;
  /** JSON Schema of the value; a text that is not empty by default. `rule` says in words what its pattern means. */
  readonly schema?: Record<string, unknown>;
};

/** What this room needs to know of a provider. */
export type ProviderRules = {
  /** As the provider writes its own name. */
  title?: string;
  readonly channel: string;
  readonly settings: Readonly<Record<string, SettingRule>>;
  /** What is wrong with settings that are each right. */
  amiss?(settings: Readonly<Record<string, unknown>>): { field: string; rule: string } | undefined;
};

/** Providers by name. */
export type Catalogue = Readonly<Record<string, ProviderRules | undefined>>;

const TEXT: Record<string, unknown> = { type: 'string', minLength: 1 };
/** Characters of JSON; the largest real setting is a key file of some 5,000. */
const MAX_SETTINGS = 65_536;

/** The settings when they satisfy the rules, else what the first broken one is; `path` stands before the names in faults. */
export function checkSettings(
  { settings: rules, amiss }: Pick<ProviderRules, 'settings' | 'amiss'>,
  given: unknown,
  path: string,
): Record<string, unknown> | Fault {
  const at = (name: string) => (path ? `${path}.${name}` : name);
  if (!isObject(given)) return breaks(path, 'must be an object');
  const odd = Object.keys(given).find((name) => !Object.hasOwn(rules, name));
  if (odd !== undefined)
    return breaks(
      at(isStorable(odd) ? beginningOf(odd, 64) : '?'),
      `is not a setting of this provider, which has ${Object.keys(rules).join(', ') || 'none'}`,
    );
  for (const [name, rule] of Object.entries(rules)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const broken = value === undefined ? checkAbsent(rule, at(name)) : checkValue(rule, value, at(name));
    if (isFault(broken)) return broken;
  }
  if (JSON.stringify(given).length > MAX_SETTINGS)
    return breaks(path, `all settings together may take ${MAX_SETTINGS} characters of JSON`);
  const wrong = amiss?.(given);
  return wrong ? breaks(at(wrong.field), wrong.rule) : { ...given };
}

/** True when a value satisfies a setting's schema. */
export function isValid(rule: SettingRule, value: unknown): boolean {
  return checkValue(rule, value, '') === undefined;
}

function checkAbsent(rule: SettingRule, field: string): Fault | undefined {
  return rule.required ? breaks(field, `is required (${rule.means})`) : undefined;
}

function checkValue(rule: SettingRule, value: unknown, field: string): Fault | undefined {
  if (!isStorableJson(value))
    return breaks(field, 'must not hold the character U+0000 or half a surrogate pair');
  const schema = rule.schema ?? TEXT;
  const [valid, errors] = Schema.Errors(schema, value);
  if (valid) return undefined;
  const inWords = typeof schema['rule'] === 'string' ? schema['rule'] : wordsOf(errors[0]);
  return breaks(field, `${inWords} (${rule.means})`);
}

/**
 * The validator's sentence, with the place inside the value where there is one. Never the value: it may be a secret; nor a regular
 * expression, which says nothing to who reads it.
 */
function wordsOf(error: { instancePath: string; message: string; keyword: string } | undefined): string {
  if (!error) return 'is not valid';
  const message = error.keyword === 'pattern' ? 'has another form than it must have' : error.message;
  return error.instancePath ? `${error.instancePath.slice(1)} ${message}` : message;
}
