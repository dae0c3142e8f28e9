/**
 * What an event may set off, found by what it says: of a thousand campaigns on one name, each for another shop, an event of one shop is
 * offered to one. Worked out once for what is live. Pure.
 */
import type { Where } from '../../../contract/campaign.ts';
import { valueAt } from '../match/reading.ts';
import type { Campaign, SetOff, Triggers } from './member.ts';

/** Works it out; who asks gets campaigns in their order here. */
export function triggersOf(campaigns: Iterable<Campaign>): Triggers {
  const found = new Map<string, SetOff>();
  for (const campaign of campaigns) {
    const { trigger } = campaign.version;
    if (!trigger) continue;
    const ofName: SetOff = found.get(trigger.name) ?? { others: [], byValue: new Map() };
    found.set(trigger.name, ofName);
    const decides = decidedBy(trigger.where);
    if (!decides) ofName.others.push(campaign);
    for (const value of decides?.values ?? []) {
      const values = ofName.byValue.get(decides!.property) ?? new Map<unknown, Campaign[]>();
      ofName.byValue.set(decides!.property, values);
      const others = values.get(value);
      if (others) others.push(campaign);
      else values.set(value, [campaign]);
    }
  }
  return found;
}

/** Campaigns that an event may set off: what else their triggers ask of it is to be looked at. In order of id. */
export function setOffBy(
  triggers: Triggers,
  name: string,
  properties: Readonly<Record<string, unknown>> | null,
): readonly Campaign[] {
  const ofName = triggers.get(name);
  if (!ofName?.byValue.size) return ofName?.others ?? [];
  const found = [...ofName.others];
  for (const [property, values] of ofName.byValue)
    found.push(...(values.get(valueAt(properties, property)) ?? []));
  return found.sort((a, b) => a.id - b.id);
}

/** A property that must have one of some values for it to hold; undefined where nothing so simple is asked. */
function decidedBy(where: Where | undefined): { property: string; values: ReadonlySet<unknown> } | undefined {
  if (!where) return undefined;
  if ('all' in where) return where.all.map(decidedBy).find((one) => one !== undefined);
  if (!('property' in where)) return undefined;
  const { property, is, in: among } = where;
  if (among !== undefined) return { property, values: new Set(among) };
  // What is looked up is another for each contact.
  return is === undefined || typeof is === 'object' ? undefined : { property, values: new Set([is]) };
}
