// For a company's own page (docs/connect.md):
//
//     <script async src="https://parley.example/connect/123.js" data-connect-id="aff-17" data-signature="…"></script>
//     <div data-parley-connect></div>
//
// Puts a button into every such element: it says whether the visitor is connected, and opens the consent page in a window of its own.
// Works under `script-src` and `connect-src` of Parley alone: it makes no HTML of texts, has no style and sets none but its own.
(() => {
  const script = document.currentScript;
  if (!script || globalThis.parleyConnect) return;
  const own = new URL(script.src);
  const base = own.pathname.replace(/\.js$/, '');
  const at = (path, more) => {
    const url = new URL(base + path, own);
    for (const [name, value] of Object.entries({ ...identity, ...more }))
      if (value) url.searchParams.set(name, value);
    return url.href;
  };
  const { connectId, signature, connectToken, redirectUri, state } = script.dataset;
  const identity = { connect_id: connectId, signature, connect_token: connectToken };
  const back = { redirect_uri: redirectUri, state };

  /** `unknown` until it was asked, and where asking fails. */
  let known = { status: 'unknown', name: '' };
  let popup;
  const buttons = new Map();

  const words = () => {
    const name = known.name || 'your account';
    return known.status === 'connected' ? `Connected to ${name}` : `Connect to ${name}`;
  };
  const draw = () => {
    for (const place of document.querySelectorAll('[data-parley-connect]')) {
      let button = buttons.get(place);
      if (!button) {
        button = document.createElement('button');
        button.type = 'button';
        button.addEventListener('click', open);
        buttons.set(place, button);
        place.replaceChildren(button);
      }
      button.textContent = words();
      place.dataset.parleyConnect = known.status;
    }
  };
  const refresh = async () => {
    let next = { ...known, status: 'unknown' };
    try {
      const response = await fetch(at('/status'), { credentials: 'omit', cache: 'no-store' });
      if (response.ok) {
        const { connected, name } = await response.json();
        next = { status: connected ? 'connected' : 'not_connected', name };
      }
    } catch {
      // Offline, or this page's policy does not let it ask: the button still leads there.
    }
    const changed = next.status !== known.status;
    known = next;
    draw();
    if (changed) document.dispatchEvent(new CustomEvent('parley:connect', { detail: { ...known } }));
    return known.status;
  };
  const open = () => {
    const opener = location.origin;
    popup = globalThis.open(at('', { ...back, opener }), 'parley-connect', 'popup,width=480,height=760');
    // A browser that opens no window leads there and, where the company has registered an address, back.
    if (!popup) location.assign(at('', back));
    else watch(popup);
  };
  /** Who closes the window themselves is told of by nobody. */
  const watch = (opened) => {
    const timer = setInterval(() => {
      if (!opened.closed) return;
      clearInterval(timer);
      void refresh();
    }, 500);
  };
  globalThis.addEventListener('message', ({ origin, source, data }) => {
    if (origin === own.origin && popup && source === popup && data?.type === 'parley.connect') void refresh();
  });
  globalThis.parleyConnect = { open, refresh, status: () => known.status };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', draw);
  else draw();
  void refresh();
})();
