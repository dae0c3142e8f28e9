/**
 * The script of the web chat's page, as it runs in a browser. Everything that was said is put in as text, never as HTML; an
 * address is opened only when it is one of the web, of a telephone or of mail.
 */
const base = new URL('../', import.meta.url);
const chat = document.querySelector('#chat');
const list = document.querySelector('#messages');
const form = document.querySelector('#reply');
const field = document.querySelector('#text');
const earlier = document.querySelector('#earlier');
const state = document.querySelector('#state');
const replies = document.querySelector('#replies');
const typing = document.querySelector('#typing');
/** A word that somebody stopped may be lost; nobody types for longer without another. */
const TYPING_MS = 30_000;
const workspace = chat.dataset.workspace;
const storeKey = `parley.chat.${workspace}`;

/** @type {Map<string, { at: string, element: Element }>} */
const shown = new Map();
/** @type {{ id: string, token: string } | undefined} */
let session;
let cursor = '0';
let previous = null;
let stream;
let unsent;
let isAtEnd = true;
let typingTimer;

await start();

async function start() {
  const query = new URLSearchParams(location.search);
  const id = query.get('id');
  const token = query.get('token');
  // The code is used up in a moment, but it need not stand in the history either.
  if (location.search) rename(location.pathname);
  const kept = read();
  try {
    session = id && token ? await begin(id, token) : kept;
  } catch (error) {
    // The link was opened before, in this browser and by this person: the session of that time is still good.
    if (error.status === undefined) return retry(`?id=${id}&token=${token}`);
    session = kept && kept.id === id ? kept : undefined;
    if (!session) return say(error.message);
  }
  if (!session) return say('Open the link in your message to continue here.');
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send({ text: field.value });
  });
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  keepAtEnd();
  earlier.addEventListener('click', () => void load({ before: previous }));
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) return void follow();
    // Who looks away is answered where they came from.
    stream?.abort();
    stream = undefined;
  });
  void follow();
}

/** Who has read to the end stays there, whatever comes, however late a picture is, and when a phone's keyboard takes its place. */
function keepAtEnd() {
  let lastTop = 0;
  chat.addEventListener('scroll', () => {
    // Only who scrolls up leaves the end: told of a scroll of ours, the list may have grown again already.
    const { scrollTop } = chat;
    if (chat.scrollHeight - scrollTop - chat.clientHeight < 80) isAtEnd = true;
    else if (scrollTop < lastTop) isAtEnd = false;
    lastTop = scrollTop;
  });
  const watch = new ResizeObserver(() => {
    if (isAtEnd) chat.scrollTop = chat.scrollHeight;
  });
  for (const element of [list, chat]) watch.observe(element);
}

function retry(search) {
  say('There is no connection. Trying again …');
  setTimeout(() => {
    rename(location.pathname + search);
    location.reload();
  }, 3000);
}

/** A page in a frame that has no origin may not; its address is seen by nobody. */
function rename(to) {
  try {
    history.replaceState(null, '', to);
  } catch {
    // It keeps the name it has.
  }
}

async function begin(id, token) {
  const made = await call('POST', 'session', { id, token, workspace });
  const begun = { id: made.contact.id, token: made.token };
  try {
    localStorage.setItem(storeKey, JSON.stringify(begun));
  } catch {
    // Without a store the person is known until the page is closed.
  }
  return begun;
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(storeKey) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

/** Loads a page of what was said and shows it. */
async function load(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const page = await call('GET', `messages?${new URLSearchParams(given)}`);
  if (query.after === undefined) {
    previous = page.previous;
    earlier.hidden = previous === null;
  }
  const heightBefore = list.scrollHeight;
  for (const message of page.messages) show(message);
  if (query.before !== undefined) chat.scrollTop += list.scrollHeight - heightBefore;
  if (Number(page.cursor) > Number(cursor)) cursor = page.cursor;
}

/** Follows the conversation for as long as the page can be seen, whatever the line does. */
async function follow() {
  if (stream || !session || document.hidden) return;
  const own = new AbortController();
  stream = own;
  for (let waitMs = 1000; !own.signal.aborted; waitMs = Math.min(waitMs * 2, 15_000)) {
    try {
      // What was missed is told at once; the page before the first moment is loaded only the first time.
      if (shown.size === 0) await load({});
      await listen(own.signal, () => (waitMs = 1000));
    } catch (error) {
      if (error.status === 401) {
        stream = undefined;
        return signOut(error.message);
      }
    }
    if (own.signal.aborted) break;
    say('There is no connection. Trying again …');
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  if (stream === own) stream = undefined;
}

/** Reads the stream of events until it ends. */
async function listen(signal, onOpen) {
  const response = await request('GET', `events?after=${cursor}`, undefined, signal);
  onOpen();
  say('');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split('\n\n');
    text = events.pop();
    for (const event of events) take(event);
  }
}

function take(event) {
  const lines = event.split('\n');
  const valueOf = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const data = valueOf('data');
  if (data === undefined) return;
  if (valueOf('event') === 'typing') return showTyping(JSON.parse(data).on);
  show(JSON.parse(data));
  cursor = valueOf('id') ?? cursor;
}

/** Somebody answers, until the answer is there (W11). */
function showTyping(on) {
  clearTimeout(typingTimer);
  typing.hidden = !on;
  if (on) typingTimer = setTimeout(() => showTyping(false), TYPING_MS);
}

async function send(said) {
  if (!said.text.trim()) return;
  const isSame = unsent && unsent.text === said.text && unsent.payload === said.payload;
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  // The same words after a failure are the same message.
  unsent = isSame
    ? unsent
    : { ...said, key: [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('') };
  try {
    const { message } = await call('POST', 'messages', unsent);
    unsent = undefined;
    if (field.value === said.text) field.value = '';
    if (message) show(message);
    say('');
  } catch (error) {
    if (error.status === 401) return signOut(error.message);
    say(error.status === undefined ? 'Your message was not sent. Try again.' : error.message);
  }
}

function signOut(reason) {
  session = undefined;
  form.hidden = true;
  try {
    localStorage.removeItem(storeKey);
  } catch {
    // There was no store.
  }
  say(reason);
}

async function call(method, path, body) {
  const response = await request(method, path, body);
  return response.status === 204 ? undefined : await response.json();
}

async function request(method, path, body, signal) {
  const headers = {
    ...(body ? { 'content-type': 'application/json' } : {}),
    ...(session ? { authorization: `Bearer ${session.token}` } : {}),
  };
  const response = await fetch(new URL(path, base), {
    method,
    headers,
    body: body && JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  if (response.ok) return response;
  const told = await response.json().catch(() => undefined);
  throw Object.assign(new Error(told?.error?.description ?? 'Something went wrong.'), {
    status: response.status,
  });
}

function say(text) {
  state.textContent = text;
}

/** Shows a message once, at its place in time. */
function show(message) {
  if (shown.has(message.id)) return;
  const element = bubble(message);
  const next = [...shown.values()].find((one) => one.at > message.at);
  list.insertBefore(element, next?.element ?? null);
  shown.set(message.id, { at: message.at, element, message });
  const sorted = [...shown].sort(([, a], [, b]) => (a.at < b.at ? -1 : Number(a.at > b.at)));
  shown.clear();
  for (const [id, one] of sorted) shown.set(id, one);
  offer(sorted.at(-1)[1].message);
  if (message.from === 'business') showTyping(false);
  if (message.from === 'business' && !document.hidden) void call('POST', 'read').catch(() => {});
}

/** The quick replies of the last message, below the conversation; they go as soon as anything else is said (W8). */
function offer({ from, content }) {
  const offered = from === 'business' ? (content.actions ?? []).filter(({ type }) => type === 'reply') : [];
  replies.replaceChildren(...offered.map(quickReply));
  replies.hidden = offered.length === 0;
}

function quickReply(action) {
  const button = answer(action);
  const icon = safe(action.iconUrl);
  if (!icon) return button;
  const image = make('img');
  image.src = icon;
  image.alt = '';
  button.prepend(image);
  return button;
}

function bubble(message) {
  const { content } = message;
  const item = make('li', message.from);
  if (message.author?.name) item.append(make('span', 'author', message.author.name));
  const known = ['text', 'image', 'file', 'carousel', 'list', 'location', 'announcement'];
  if (content.mediaUrl) item.append(media(content));
  const text = known.includes(content.type) ? content.text : message.fallback;
  if (content.type === 'announcement' && content.title) item.append(make('strong', '', content.title));
  if (text) item.append(paragraph(text));
  if (content.type === 'location') item.append(place(content));
  if (content.items) item.append(carousel(content.items));
  const own = (content.actions ?? []).filter(({ type }) => type !== 'reply');
  if (own.length > 0) item.append(buttons(own));
  item.append(when(message.at));
  return item;
}

/** The time of a message, with its day when that is not today. */
function when(at) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = make(
    'time',
    '',
    date.toLocaleString([], { dateStyle: isToday ? undefined : 'medium', timeStyle: 'short' }),
  );
  time.dateTime = at;
  return time;
}

/** A text in which addresses can be followed; what ends a sentence is not part of them. */
function paragraph(text) {
  const whole = make('p', 'text');
  let from = 0;
  for (const { 0: found, index } of text.matchAll(/https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]]/gi)) {
    const address = safe(found);
    if (!address) continue;
    whole.append(text.slice(from, index), anchor(address, found));
    from = index + found.length;
  }
  whole.append(text.slice(from));
  return whole;
}

/** Items side by side, to be pushed along (W5). */
function carousel(items) {
  const row = make('div', 'carousel');
  row.role = 'group';
  row.ariaLabel = `${items.length} items`;
  row.tabIndex = 0;
  row.append(...items.map(card));
  return row;
}

function card(one) {
  const box = make('div', 'card');
  if (one.mediaUrl) box.append(media({ type: 'image', ...one }));
  box.append(make('strong', '', one.title));
  if (one.description) box.append(make('p', '', one.description));
  if (one.actions) box.append(buttons(one.actions));
  return box;
}

function media(content) {
  const isImage = content.type === 'image' || content.mediaType?.startsWith('image/');
  const address = safe(content.mediaUrl);
  if (!address) return document.createTextNode('');
  if (!isImage) return anchor(address, content.title || content.altText || 'File');
  const image = make('img');
  image.src = address;
  image.alt = content.altText ?? '';
  image.loading = 'lazy';
  return image;
}

function place({ coordinates: { lat, long }, location: named }) {
  const name = [named?.name, named?.address].filter(Boolean).join(', ') || `${lat}, ${long}`;
  return anchor(`https://www.openstreetmap.org/?mlat=${lat}&mlon=${long}#map=16/${lat}/${long}`, name);
}

function buttons(actions) {
  const row = make('div', 'actions');
  for (const action of actions) {
    const address = safe(action.uri);
    if (address) row.append(anchor(address, action.text));
    else if (action.type === 'reply' || action.type === 'postback') row.append(answer(action));
  }
  return row;
}

/** A button that answers with its payload; a postback may be clicked again and again (W7). */
function answer({ text, payload }) {
  const button = make('button', '', text);
  button.type = 'button';
  button.addEventListener('click', () => void send({ text, payload }));
  return button;
}

function anchor(address, text) {
  const link = make('a', '', text);
  link.href = address;
  link.rel = 'noopener noreferrer';
  link.target = '_blank';
  return link;
}

function safe(uri) {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return undefined;
  return ['http:', 'https:', 'tel:', 'mailto:', 'sms:'].includes(new URL(uri).protocol) ? uri : undefined;
}

function make(tag, className = '', text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
