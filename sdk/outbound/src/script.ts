/**
 * The library as a plain script: `window.outbound` is the constructor. With a key in its own address or in `data-key`, it speaks for
 * the person before the screen as well: who that is, is remembered over pages and tabs, and not said again with each call. Calls that
 * a stub array on `window.outbound` noted before are made then.
 */
import { ABOUT, moreOf } from './about.ts';
import {
  eventObject,
  Outbound,
  timeError,
  type OutboundStorage,
  type UserId,
  type UserInfo,
} from './outbound.ts';
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
  // Without one it is where the script came from.
  const methods = speaker(new Outbound(key, { url: script!.dataset.url! }), memoryOf(key));
  Object.assign(Outbound, methods);
  const perform = ([method, ...args]: Arguments) =>
    (methods as Record<string, (...args: Arguments) => unknown>)[method as string]?.(...args);
  if (Array.isArray(stub)) {
    stub.slice(0).forEach(perform);
    // Whoever kept the stub goes on with it.
    stub.push = perform as never;
  }
}

/** The methods for one person. Each also takes a user's id before its arguments, as those of an instance do. */
function speaker(outbound: Outbound, memory: Memory) {
  /** Who is before the screen: a user, or nobody known yet, who has an id all the same. */
  const who = () => {
    const user = memory.get('user');
    return user === undefined
      ? { anon_id: memory.get('anon') ?? memory.set('anon', newId()) }
      : { user_id: user };
  };
  /** Remembers who it is; what is refused, NaN and an empty text too, is nobody. */
  const be = (id: UserId) => /r/.test(typeof id) && (id || id === 0) && memory.set('user', id);
  return {
    identify(userId: UserId, info?: UserInfo, ...rest: unknown[]) {
      // Until the server has it: what was done before would be nobody's, where who it is was refused for an address.
      const anon = (memory.get('user') ?? userId) === userId && memory.get('anon');
      be(userId);
      if (typeof info === 'function') rest.unshift(info);
      const call = outbound.identify(userId, { ...(anon && { previousId: anon }), ...info }, ...rest);
      void call.then(() => memory.get('anon') === anon && memory.set('anon'));
      return call;
    },
    track(event: string, ...args: Arguments) {
      // (userId, event, …), as of an instance; or what is no event, or at no time, which it refuses.
      if (typeof args[0] === 'string') return outbound.track(event, args[0], ...(args.slice(1) as []));
      if (typeof event !== 'string' || timeError(args[1])) return outbound.track('', event, ...(args as []));
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
    // About a user who is named first, as those of an instance, or about whoever is here.
    ...Object.fromEntries(
      ABOUT.map(([method, [path, field]]) => [
        method,
        (...args: Arguments) => {
          const given = args.filter((one) => typeof one !== 'function');
          return given.length > (field && field !== 'all' ? 1 : 0)
            ? (outbound as unknown as Record<string, (...args: Arguments) => unknown>)[method]!(...args)
            : outbound.post(path, { ...who(), ...moreOf(field, given[0]) }, ...args);
        },
      ]),
    ),
  };
}

/** Who is here, over pages and tabs; where nothing is kept, for as long as the page is there. */
function memoryOf(publicKey: string) {
  const own = new Map<string, string | undefined>();
  const nameOf = (what: string) => `outbound-${what}:${publicKey}`;
  return {
    get(what: string): UserId | undefined {
      try {
        return JSON.parse(own.get(what) ?? (page.localStorage!.getItem(nameOf(what)) as string)) ?? undefined;
      } catch {
        // There is none, or it is none of ours.
      }
    },
    set<T extends UserId | undefined>(what: string, id?: T): T {
      // Nothing for undefined.
      const text = JSON.stringify(id) as string | undefined;
      own.set(what, text);
      try {
        // First, so that nobody is who was here before where there is no room for who is.
        page.localStorage!.removeItem(nameOf(what));
        if (text) page.localStorage!.setItem(nameOf(what), text);
        // What other tabs say counts from now on.
        own.delete(what);
      } catch {
        // There is none, or it is full.
      }
      return id!;
    },
  };
}
