/** The web chat for a company's own page, as text to copy. A browser test runs it on a page of another origin, as it stands. Pure. */

/** The end of the snippet. */
const FOLLOW = `  // Follows live: server-sent events, read with fetch as EventSource sends no credentials.
  for (;;) {
    try {
      const stream = await fetch(api + '/events?after=' + encodeURIComponent(cursor), {
        headers: { authorization: 'Bearer ' + token() },
      });
      let text = '';
      for await (const piece of stream.body.pipeThrough(new TextDecoderStream())) {
        const events = (text + piece).split('\\n\\n');
        text = events.pop();
        for (const event of events) {
          const line = (name) => event.split('\\n').find((one) => one.startsWith(name + ': '))?.slice(name.length + 2);
          if (line('event') === 'message') show(JSON.parse(line('data')));
          cursor = line('id') ?? cursor;
        }
      }
    } catch {}
    await new Promise((again) => setTimeout(again, 2000));
  }
`;

/** The address of a link action that brings somebody to Parley's own chat page. */
export function chatLink(origin: string, ws: string): string {
  return `${origin}/chat/${ws}?id={authuser}&token={authtoken}`;
}

/** A page's own chat: who comes by a link with `id` and `token` in its address goes on with the conversation. */
export function chatSnippet(origin: string, ws: string): string {
  return `<div id="chat">
  <ol id="chat-said" role="log" aria-label="What was said"></ol>
  <form id="chat-say" hidden><input aria-label="Your message" required maxlength="4096"><button>Send</button></form>
</div>
<script type="module">
  const api = '${origin}/chat';
  // The link action's address: https://your.example/page?id={authuser}&token={authtoken}
  const { searchParams } = new URL(location.href);
  const call = async (method, path, body) => {
    const answer = await fetch(api + path, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(token() ? { authorization: 'Bearer ' + token() } : {}),
      },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error((await answer.json()).error.description);
    return answer.status === 204 ? undefined : answer.json();
  };
  // A code is good once; the session it begins lasts thirty days.
  const token = () => sessionStorage.getItem('parley-chat');
  if (searchParams.get('token')) {
    sessionStorage.removeItem('parley-chat');
    const begun = await call('POST', '/session', {
      id: searchParams.get('id'), token: searchParams.get('token'), workspace: '${ws}',
    });
    sessionStorage.setItem('parley-chat', begun.token);
    history.replaceState(null, '', location.pathname);
  }
  const shown = new Set();
  const show = ({ id, from, fallback }) => {
    if (shown.has(id)) return;
    shown.add(id);
    const line = document.createElement('li');
    line.className = from;
    line.textContent = fallback;
    document.getElementById('chat-said').append(line);
  };
  let { messages, cursor } = await call('GET', '/messages');
  messages.forEach(show);
  document.getElementById('chat-say').onsubmit = async (event) => {
    event.preventDefault();
    const field = event.target.querySelector('input');
    const said = await call('POST', '/messages', { text: field.value, key: crypto.randomUUID?.() });
    field.value = '';
    show(said.message);
  };
  // Shown when it can be used: a form without its handler would send the page away, code and all.
  document.getElementById('chat-say').hidden = false;
${FOLLOW}</script>`;
}
