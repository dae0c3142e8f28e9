/** The world of a run before anything happens: two workspaces, their providers, people and webhooks. */
import { createIntegration } from '../src/accounts/integrations.ts';
import { createWorkspace } from '../src/accounts/workspaces.ts';
import { isFault, type Fault } from '../src/base/fault.ts';
import { resolvePeople } from '../src/contacts/resolve/resolve.ts';
import { KINDS, type Kind } from './providers.ts';
import type { Draws } from './draws.ts';
import { CAP_HOURS, type Rules } from './rooms/workspaces.ts';
import type { Tx } from '../src/db/pool.ts';
import type { Run } from './run.ts';

/** A workspace of a run. */
export type Place = {
  id: number;
  name: string;
  integrations: Readonly<Record<Kind, number>> & { push?: number };
  /** Contacts, each with a phone number and a mail address, in order. */
  people: { id: number; phone: string; email: string }[];
  webhookId: number;
};

/** `busy` is where things happen; `neighbour` must not notice. */
export type Places = { busy: Place; neighbour: Place };

/** One provider is slow, so that its rate is seen to be kept. */
export const PLAIN_RATE_PER_S = 4;

const PEOPLE = { busy: 24, neighbour: 4 };

/** Makes both. */
export async function furnish(run: Run): Promise<Places> {
  return { busy: await place(run, 'busy'), neighbour: await place(run, 'neighbour') };
}

async function place(run: Run, name: keyof Places): Promise<Place> {
  const { ctx } = run.door();
  const nowMs = ctx.clock.nowMs();
  return await ctx.queue.transact(async (tx) => {
    const settings = name === 'busy' ? { ...run.rules, ...fallbackOf(run) } : {};
    const { id } = must(
      await createWorkspace(tx, ctx.ids, { name, environment: 'live', country: 'US', settings, nowMs }),
    );
    const integrations = {} as Record<Kind, number>;
    for (const kind of KINDS)
      integrations[kind] = must(
        await createIntegration(
          tx,
          { vault: ctx.vault, ids: ctx.ids, catalogue: ctx.adapters },
          { workspaceId: id, provider: `simulated-${kind}`, ratePerS: kind === 'plain' ? PLAIN_RATE_PER_S : 500, settings: { place: name }, nowMs },
        ),
      ).id;
    const webhook = must(
      await ctx.webhooks.create(tx, {
        workspaceId: id,
        door: 'sunshine',
        target: `https://${name}.example/hook`,
        triggers: ['*'],
        offered: ['*'],
      }),
    );
    const people = Array.from({ length: PEOPLE[name] }, (_, i) => ({
      phone: `+1${name === 'busy' ? 555 : 556}010${String(i).padStart(4, '0')}`,
      email: `${name}${i}@people.example`,
    }));
    const made = await resolvePeople(
      tx,
      ctx.ids,
      nowMs,
      people.map((one) => ({ ...personWith(id, one), profile: { givenName: 'Ann' } })),
      'first',
    );
    return {
      id,
      name,
      integrations,
      webhookId: webhook.id,
      people: people.map((person, i) => ({ ...person, id: made[i]!.contactId })),
    };
  });
}

/** Somebody with a phone number and a mail address, to be found or made. */
export function personWith(workspaceId: number, { phone, email }: { phone: string; email: string }) {
  return {
    workspaceId,
    identities: [
      { kind: 'phone' as const, value: phone },
      { kind: 'email' as const, value: email },
    ],
    destinations: [
      { channel: 'sms' as const, integrationId: null, address: phone },
      { channel: 'email' as const, integrationId: null, address: email },
    ],
  };
}

/** Gives the busy workspace a provider of push, when it has none. */
export async function withPush(run: Run, tx: Tx): Promise<void> {
  const { ctx } = run.door();
  const { busy } = run.places;
  if (busy.integrations.push !== undefined) return;
  const push = await createIntegration(
    tx,
    { vault: ctx.vault, ids: ctx.ids, catalogue: ctx.adapters },
    {
      workspaceId: busy.id,
      provider: 'simulated-push',
      ratePerS: 500,
      settings: { place: busy.name },
      nowMs: ctx.clock.nowMs(),
    },
  );
  busy.integrations.push = must(push).id;
}

/** Some runs have a cap, some quiet hours. */
export function rulesOf(draws: Draws): Rules {
  return {
    ...(draws.happens('has a cap', 0.4) ? { frequencyCap: { most: draws.between('cap', 1, 3), perHours: CAP_HOURS } } : {}),
    ...(draws.happens('has quiet hours', 0.4) ? { quietHours: { from: '21:00', to: '08:00' } } : {}),
  };
}

/** Some let a message go on to another channel. */
function fallbackOf({ draws }: Run): Record<string, unknown> {
  return draws.happens('falls back', 0.4) ? { fallback: { on: true, unreadAfterMs: UNREAD_AFTER_MS } } : {};
}

/** A message that was not read for so long goes on to the next channel, ms. */
export const UNREAD_AFTER_MS = 3_600_000;

/** The value, when it is no fault. */
export function must<T>(value: T): Exclude<T, Fault> {
  if (isFault(value)) throw new Error(`${value.fault}: ${value.message}`);
  return value as Exclude<T, Fault>;
}
