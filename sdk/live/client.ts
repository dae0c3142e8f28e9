/**
 * The client of the live channel, for browsers and Node 22 and later: what a messenger is built on. It keeps what it has shown
 * together with its cursor, comes back by itself after a lost connection, and says again what was not acknowledged. Depends on
 * nothing but the WebSocket that is there.
 */
import type { Content } from '../../contract/content.ts';
import {
  CLOSE,
  FATAL,
  LIVE_PATH,
  LIVE_VERSION,
  SILENCE_MS,
  type ClientFrame,
  type LiveConversation,
  type LiveEvent,
  type LiveMessage,
  type LiveState,
  type ServerFrame,
} from '../../contract/live.ts';

/** What a client is made from. */
export type LiveOptions = {
  /** Where Parley is: `https://parley.example`. */
  url: string;
  /** The person's token, or where to get one: asked for at each connect, so that it may be renewed. */
  token: string | (() => string | Promise<string>);
  /** First and longest pause before coming back. */
  backOffMs?: { first: number; longest: number };
};

/** Something said here that the server has not acknowledged yet. */
export type Unsent = { clientId: string; content: Content };

/** `open`: in step with the server. `waiting`: away, and coming back. `closed`: for good, after `close()` or a fatal refusal. */
export type LiveStatus = 'connecting' | 'open' | 'waiting' | 'closed';

/** What can be listened to. */
export type LiveEvents = {
  status: (status: LiveStatus, why?: { code: number; reason: string }) => void;
  /** What is to be shown has changed. */
  change: () => void;
  /** All was replaced by the last messages: the client was away for too long, or is new. */
  reset: () => void;
  /** One thing happened, as the server told it. */
  event: (event: LiveEvent) => void;
};

/** Not kept by the server, and why. */
export class LiveRefusal extends Error {
  readonly code: string;
  readonly field: string | undefined;
  constructor(code: string, reason: string, field?: string) {
    super(reason);
    this.name = 'LiveRefusal';
    this.code = code;
    this.field = field;
  }
}

/** A client. */
export type LiveClient = {
  status(): LiveStatus;
  /** In order. */
  messages(): readonly LiveMessage[];
  /** Said here and not acknowledged, in order: to be shown below the messages. */
  unsent(): readonly Unsent[];
  conversation(): LiveConversation | undefined;
  /** True when `history()` would find more. */
  hasMore(): boolean;
  /** Resolves when it is kept, whatever happens to the connection meanwhile; fails with a LiveRefusal. */
  say(content: Content | string, clientId?: string): Promise<{ messageId: string }>;
  /** Starts the conversation without saying anything. */
  start(): Promise<void>;
  typing(on: boolean): void;
  /** All that is shown is read, or all up to a message. */
  read(messageId?: string): void;
  /** Loads what was said before; resolves when it is here, whatever happens to the connection meanwhile, or the client is closed. */
  history(): Promise<void>;
  on<E extends keyof LiveEvents>(name: E, listener: LiveEvents[E]): () => void;
  close(): void;
};

type Pending = {
  frame: Extract<ClientFrame, { type: 'say' | 'start' }>;
  resolve: (messageId: string) => void;
  reject: (error: Error) => void;
};

/** Confirmed at once, at most. */
const MOST_IDS = 200;
const RETRY_MS = 1_000;
const ORDER: readonly LiveState[] = ['sent', 'accepted', 'failed', 'delivered', 'read'];

/** Connects, and stays connected until `close()`. */
export function connectLive(options: LiveOptions): LiveClient {
  return new Client(options);
}

class Client implements LiveClient {
  readonly #options: LiveOptions;
  readonly #url: string;
  readonly #byId = new Map<string, LiveMessage>();
  #sorted: LiveMessage[] | undefined;
  readonly #states = new Map<string, LiveState>();
  readonly #pending = new Map<string, Pending>();
  readonly #listeners: { [E in keyof LiveEvents]: Set<LiveEvents[E]> } = {
    status: new Set(),
    change: new Set(),
    reset: new Set(),
    event: new Set(),
  };
  #conversation: LiveConversation | undefined;
  #cursor = '';
  #more = false;
  #status: LiveStatus = 'connecting';
  #socket: WebSocket | undefined;
  #failures = 0;
  #readUpTo: LiveMessage | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #older: { promise: Promise<void>; done: () => void } | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#url = options.url.replace(/^http/, 'ws').replace(/\/$/, '') + LIVE_PATH;
    void this.#connect();
  }

  status(): LiveStatus {
    return this.#status;
  }

  messages(): readonly LiveMessage[] {
    this.#sorted ??= [...this.#byId.values()].sort(
      (a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : Number(a.id > b.id)),
    );
    return this.#sorted;
  }

  unsent(): readonly Unsent[] {
    return [...this.#pending.values()].flatMap(({ frame }) =>
      frame.type === 'say' ? [{ clientId: frame.clientId, content: frame.content }] : [],
    );
  }

  conversation(): LiveConversation | undefined {
    return this.#conversation;
  }

  hasMore(): boolean {
    return this.#more;
  }

  async say(content: Content | string, clientId: string = randomName()): Promise<{ messageId: string }> {
    const said: Content = typeof content === 'string' ? { type: 'text', text: content } : content;
    return { messageId: await this.#keep({ type: 'say', clientId, content: said }) };
  }

  async start(): Promise<void> {
    await this.#keep({ type: 'start', clientId: randomName() });
  }

  typing(on: boolean): void {
    this.#send({ type: 'typing', on });
  }

  read(messageId?: string): void {
    const upTo = messageId === undefined ? this.messages().at(-1) : this.#byId.get(messageId);
    if (!upTo || (this.#readUpTo && this.#readUpTo.atMs > upTo.atMs)) return;
    this.#readUpTo = upTo;
    this.#send({ type: 'read', upTo: upTo.id });
  }

  history(): Promise<void> {
    if (!this.messages()[0] || !this.#more || this.#status === 'closed') return Promise.resolve();
    if (!this.#older) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#older = { promise, done: resolve };
      this.#askOlder();
    }
    return this.#older.promise;
  }

  /** Asks for what is before the first message that is here, if there is any, and somebody waits for it. */
  #askOlder(): void {
    const oldest = this.messages()[0];
    if (this.#older && oldest && this.#more) this.#send({ type: 'history', beforeMs: oldest.atMs });
    else this.#endOlder();
  }

  #endOlder(): void {
    this.#older?.done();
    this.#older = undefined;
  }

  on<E extends keyof LiveEvents>(name: E, listener: LiveEvents[E]): () => void {
    this.#listeners[name].add(listener);
    return () => this.#listeners[name].delete(listener);
  }

  close(): void {
    this.#end();
    this.#socket?.close(1000);
  }

  /** Sends it now and after every lost connection, until it is acknowledged. */
  #keep(frame: Pending['frame']): Promise<string> {
    if (this.#status === 'closed') return Promise.reject(new LiveRefusal('closed', 'The client is closed.'));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#pending.set(frame.clientId, { frame, resolve, reject });
    if (this.#status === 'open') this.#send(frame);
    this.#tell('change');
    return promise;
  }

  async #connect(): Promise<void> {
    this.#set('connecting');
    let token: string;
    try {
      token = typeof this.#options.token === 'string' ? this.#options.token : await this.#options.token();
    } catch {
      return this.#comeBack();
    }
    if (this.#status === 'closed') return;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#listen();
    socket.addEventListener('open', () => {
      const cursor = this.#cursor ? { cursor: this.#cursor } : {};
      socket.send(JSON.stringify({ type: 'hello', version: LIVE_VERSION, token, ...cursor }));
    });
    socket.addEventListener('message', ({ data }) => {
      // A socket that was given up may have something left to say; its successor is sent the same.
      if (this.#socket !== socket) return;
      this.#listen();
      this.#take(JSON.parse(data as string) as ServerFrame);
    });
    socket.addEventListener('close', ({ code, reason }) => this.#lost(socket, code, reason));
    // A close follows.
    socket.addEventListener('error', () => {});
  }

  /** A connection over which nothing is heard is given up, also when nobody says that it is gone. */
  #listen(): void {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#silence = setTimeout(() => {
      if (!socket) return;
      socket.close();
      this.#lost(socket, CLOSE.silent, 'nothing was heard');
    }, SILENCE_MS);
    letEnd(this.#silence);
  }

  #lost(socket: WebSocket, code: number, reason: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    clearTimeout(this.#silence);
    if (this.#status === 'closed') return;
    if (FATAL.includes(code) && !(code === CLOSE.unauthorized && this.#renews())) {
      this.#end({ code, reason });
      return;
    }
    this.#comeBack();
  }

  /** A token that was good once and can be fetched anew is; one that never was leads nowhere. */
  #renews(): boolean {
    return typeof this.#options.token === 'function' && this.#failures === 0;
  }

  #comeBack(): void {
    if (this.#status === 'closed') return;
    this.#set('waiting');
    const { first, longest } = this.#options.backOffMs ?? { first: 250, longest: 30_000 };
    const most = Math.min(longest, first * 2 ** this.#failures++);
    // Spread out, so that the clients of a server that is restarted do not come all at once.
    this.#timer = setTimeout(() => void this.#connect(), most * (0.5 + Math.random() / 2));
  }

  #end(why?: { code: number; reason: string }): void {
    if (this.#status === 'closed') return;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#set('closed', why);
    this.#endOlder();
    for (const { reject } of this.#pending.values())
      reject(new LiveRefusal('closed', why?.reason ?? 'The client was closed.'));
    this.#pending.clear();
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        return this.#welcome(frame);
      case 'event':
        this.#cursor = frame.cursor;
        this.#happen(frame.event);
        this.#tell('event', frame.event);
        return this.#tell('change');
      case 'ack': {
        const pending = this.#pending.get(frame.clientId);
        this.#pending.delete(frame.clientId);
        pending?.resolve(frame.messageId ?? '');
        return this.#tell('change');
      }
      case 'refused':
        return this.#refused(frame);
      case 'history':
        for (const message of frame.messages) this.#put(message);
        this.#more = frame.more;
        this.#confirm(frame.messages);
        this.#endOlder();
        return this.#tell('change');
      case 'alive':
    }
  }

  #welcome({ cursor, conversation, messages, more }: Extract<ServerFrame, { type: 'welcome' }>): void {
    this.#failures = 0;
    this.#cursor = cursor;
    this.#conversation = conversation;
    if (messages) {
      this.#byId.clear();
      this.#states.clear();
      this.#sorted = undefined;
      for (const message of messages) this.#put(message);
      this.#more = more ?? false;
    }
    const wasOpen = this.#status === 'open';
    this.#set('open');
    if (messages) this.#tell('reset');
    // What was not acknowledged is said again, in its order; the server keeps each once.
    if (!wasOpen) for (const { frame } of this.#pending.values()) this.#send(frame);
    if (!wasOpen) this.#askOlder();
    this.#confirm(this.messages());
    const readMs = conversation?.contactReadMs ?? 0;
    if (this.#readUpTo && this.#readUpTo.atMs > readMs) this.#send({ type: 'read', upTo: this.#readUpTo.id });
    this.#tell('change');
  }

  #happen(event: LiveEvent): void {
    switch (event.kind) {
      case 'message': {
        const { message } = event;
        const isNew = !this.#byId.has(message.id);
        this.#put(message);
        this.#confirm([this.#byId.get(message.id)!]);
        this.#conversation ??= { started: true, unreadCount: 0 };
        if (message.from === 'contact')
          this.#conversation = {
            ...this.#conversation,
            started: true,
            unreadCount: 0,
            contactReadMs: Math.max(message.atMs, this.#conversation.contactReadMs ?? 0),
          };
        else if (isNew) this.#conversation.unreadCount++;
        return;
      }
      case 'state': {
        const message = this.#byId.get(event.messageId);
        this.#noteState(event.messageId, event.state);
        if (!message) return;
        this.#put(message);
        return this.#confirm([this.#byId.get(event.messageId)!]);
      }
      case 'removed':
        return this.#forget(event.messageId);
      case 'read':
        return this.#noteRead(event.by, event.atMs);
      case 'post':
      case 'typing':
    }
  }

  /** It is not kept any more: neither shown nor counted. */
  #forget(messageId: string): void {
    const message = this.#byId.get(messageId);
    if (!message) return;
    this.#byId.delete(messageId);
    this.#sorted = undefined;
    const there = this.#conversation;
    const isUnread = message.from === 'business' && message.atMs > (there?.contactReadMs ?? 0);
    if (there && isUnread) this.#conversation = { ...there, unreadCount: Math.max(0, there.unreadCount - 1) };
  }

  #noteRead(by: 'contact' | 'business', atMs: number): void {
    const conversation = this.#conversation ?? { started: true, unreadCount: 0 };
    if (by === 'business') {
      this.#conversation = { ...conversation, businessReadMs: atMs };
      return;
    }
    const unreadCount = this.messages().filter(
      (message) => message.from === 'business' && message.atMs > atMs,
    ).length;
    this.#conversation = { ...conversation, contactReadMs: atMs, unreadCount };
  }

  /** Tells the server that messages are here, or read, as soon as it can make something of it: once they were handed over. */
  #confirm(messages: readonly LiveMessage[]): void {
    const handedOver = messages.filter(({ state }) => state === 'accepted');
    const ids = handedOver.map(({ id }) => id);
    for (let from = 0; from < ids.length; from += MOST_IDS)
      this.#send({ type: 'got', messageIds: ids.slice(from, from + MOST_IDS) });
    const readMs = this.#readUpTo?.atMs ?? -1;
    if (handedOver.some(({ atMs }) => atMs <= readMs)) this.#send({ type: 'read', upTo: this.#readUpTo!.id });
  }

  #refused(frame: Extract<ServerFrame, { type: 'refused' }>): void {
    const { clientId = '', code, reason, field, retry } = frame;
    const pending = this.#pending.get(clientId);
    if (!pending) return;
    if (retry) {
      const again = setTimeout(() => {
        if (this.#status === 'open' && this.#pending.has(clientId)) this.#send(pending.frame);
      }, RETRY_MS);
      letEnd(again);
      return;
    }
    this.#pending.delete(clientId);
    pending.reject(new LiveRefusal(code, reason, field));
    this.#tell('change');
  }

  #put(message: LiveMessage): void {
    if (message.state) this.#noteState(message.id, message.state);
    const state = message.state && this.#states.get(message.id);
    this.#byId.set(message.id, state ? { ...message, state } : message);
    this.#sorted = undefined;
  }

  /** States may come in another order than they were reached, and before their message: the furthest counts. */
  #noteState(messageId: string, state: LiveState): void {
    const known = this.#states.get(messageId);
    if (!known || ORDER.indexOf(state) > ORDER.indexOf(known)) this.#states.set(messageId, state);
  }

  #send(frame: ClientFrame): void {
    const socket = this.#socket;
    if (this.#status === 'open' && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  #set(status: LiveStatus, why?: { code: number; reason: string }): void {
    if (this.#status === status && status !== 'connecting') return;
    this.#status = status;
    this.#tell('status', status, why);
  }

  #tell<E extends keyof LiveEvents>(name: E, ...told: Parameters<LiveEvents[E]>): void {
    for (const listener of this.#listeners[name]) (listener as (...args: unknown[]) => void)(...told);
  }
}

function randomName(): string {
  return crypto.randomUUID();
}

/** In Node a timer that only watches must not keep the process alive. */
function letEnd(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === 'object') timer.unref();
}
