/**
 * The library as a plain script: `window.outbound` is the constructor. With a key in its own address or in `data-key`, it speaks for
 * the person before the screen as well: who that is, is remembered over pages and tabs, and not said again with each call. Calls that
 * a stub array on `window.outbound` noted before are made then.
 */
import { eventObject, Outbound, type OutboundStorage, type UserId, type UserInfo } from './outbound.ts';
import { newId } from './shelf.ts';

type Arguments = readonly unknown[];
type Stub = { slice(from: number): Arguments[]; push(args: Arguments): number };
type Page = {
  document?: { currentScript?: { src: string; dataset: { key?: string; url?: string } } | null };
  localStorage?: OutboundStorage;
  outbound?: unknown;
};
type Memory = ReturnType<typeof memoryOf>;

const page = globalThis as Page;
const script = page.document?.currentScript;
const stub = page.outbound as Stub | undefined;
const key = script?.dataset.key ?? /\/(out_[^/?]+)\.js/.exec(script?.src ?? '')?.[1];
page.outbound = Outbound;
if (key) {
  const url = script?.dataset.url;
  const methods = speaker(new Outbound(key, url ? { url } : {}), memoryOf(key));
  Object.assign(Outbound, methods);
  const perform = ([method, ...args]: Arguments) =>
    void (methods as Record<string, (...args: Arguments) => unknown>)[method as string]?.(...args);
  if (Array.isArray(stub)) {
    stub.slice(0).forEach(perform);
    // Whoever kept the stub goes on with it.
    stub.push = (args) => (perform(args), 0);
  }
}

/** The methods for one person. Each also takes a user's id before its arguments, as those of an instance do. */
function speaker(outbound: Outbound, memory: Memory) {
  /** Who is before the screen: a user, or nobody known yet, who has an id all the same. */
  const who = () => {
    const user = memory.get('user');
    if (user !== undefined) return { user_id: user };
    return { anon_id: memory.get('anon') ?? memory.set('anon', newId()) };
  };
  /** Remembers who it is; what is refused, NaN and an empty text too, is nobody. */
  const be = (id: UserId) => /r/.test(typeof id) && (id || id === 0) && memory.set('user', id);
  /** Calls about a user who is named first, or about whoever is here. */
  const about =
    (path: string, field?: string) =>
    (...args: Arguments) => {
      const given = args.filter((one) => typeof one !== 'function');
      const named = given.length > (field ? 1 : 0);
      const whom = named ? { user_id: given[0] } : who();
      return outbound.post(path, { ...whom, [field ?? 'all']: field ? given.at(-1) : true }, ...args);
    };
  const tokens = (name: string, disable = `/${name.toLowerCase()}/disable`) => ({
    [`register${name}Token`]: about(disable.replace('disable', 'register'), 'token'),
    [`disable${name}Token`]: about(disable, 'token'),
    [`disableAll${name}Tokens`]: about(disable),
  });
  return {
    identify(userId: UserId, info?: UserInfo, ...rest: Arguments) {
      const anon = memory.get('user') === undefined && memory.get('anon');
      be(userId);
      return outbound.identify(userId, { ...(anon ? { previousId: anon } : {}), ...info }, ...rest);
    },
    track(event: string, ...args: Arguments) {
      // (userId, event, …), as of an instance; or what is no event, which it refuses.
      if (typeof args[0] === 'string') return outbound.track(event, args[0], ...(args.slice(1) as []));
      if (typeof event !== 'string') return outbound.track('', event);
      return outbound.post('/track', { ...who(), ...eventObject(event, args[0], args[1]) }, ...args);
    },
    alias(userId: UserId, previousId?: UserId, ...rest: Arguments) {
      const previous = previousId ?? memory.get('user') ?? memory.get('anon');
      be(userId);
      return outbound.alias(userId, previous!, ...rest);
    },
    hasIdentified: () => memory.get('user') !== undefined,
    /** The person leaves: who comes next is somebody else. */
    reset() {
      memory.set('user');
      memory.set('anon');
    },
    ...tokens('Apns'),
    ...tokens('Gcm'),
    ...tokens('Fcm'),
    unsubscribeAll: about('/unsubscribe/all'),
    subscribeAll: about('/subscribe/all'),
    unsubscribeCampaigns: about('/unsubscribe/campaigns', 'campaign_ids'),
    subscribeCampaigns: about('/subscribe/campaigns', 'campaign_ids'),
  };
}

/** Who is here, over pages and tabs; where nothing is kept, for as long as the page is there. */
function memoryOf(publicKey: string) {
  const own = new Map<string, string | undefined>();
  const nameOf = (what: string) => `outbound-${what}:${publicKey}`;
  return {
    get(what: string): UserId | undefined {
      let text = own.get(what);
      try {
        text = (page.localStorage!.getItem(nameOf(what)) as string | null) ?? text;
      } catch {
        // There is none.
      }
      return text === undefined ? undefined : (JSON.parse(text) as UserId);
    },
    set<T extends UserId | undefined>(what: string, id?: T): T {
      // Nothing for undefined.
      const text = JSON.stringify(id) as string | undefined;
      own.set(what, text);
      try {
        if (text) page.localStorage!.setItem(nameOf(what), text);
        else page.localStorage!.removeItem(nameOf(what));
      } catch {
        // There is none, or it is full.
      }
      return id!;
    },
  };
}
