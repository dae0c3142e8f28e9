/** The consent page as a browser without scripts has it: cookies, forms, where one is led. */
import assert from 'node:assert/strict';

/** A browser at a page of an install: its cookies, and the page it is on. */
export function newBrowser(install: string, at: string) {
  const jar = new Map<string, string>();
  const page = { url: '', status: 0, html: '', location: '', policy: '' };
  const request = async (
    url: string,
    init: { method?: string; body?: URLSearchParams } = {},
  ): Promise<typeof page> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
      assert.match(set, /; Path=\/connect; HttpOnly; SameSite=Lax/);
      if (/Max-Age=0/.test(set)) jar.delete(name!);
      else jar.set(name!, value!);
    }
    const location = response.headers.get('location') ?? '';
    const target = location ? new URL(location, url).href : '';
    if (response.status === 303 && target.startsWith(install)) return await request(target);
    const policy = response.headers.get('content-security-policy') ?? '';
    return Object.assign(page, {
      url,
      status: response.status,
      html: await response.text(),
      location: target,
      policy,
    });
  };
  return {
    jar,
    page,
    open: (query: Record<string, string>) =>
      request(`${install}${at}?${new URLSearchParams(query).toString()}`),
    /** Sends the form of the page that does something, filled in. */
    async send(what: string, fields: Record<string, string> = {}) {
      const form = new RegExp(
        `<form[^>]* action="([^"]*)"[^>]*><input type="hidden" name="do" value="${what}">.*?</form>`,
        's',
      );
      const [whole, action] = form.exec(page.html) ?? assert.fail(`no form to ${what} in ${page.html}`);
      const hidden = [...whole.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(
        ([, name, value]) => [name!, value!],
      );
      const body = new URLSearchParams({ ...Object.fromEntries(hidden), ...fields });
      return await request(new URL(action!.replaceAll('&amp;', '&'), page.url).href, {
        method: 'POST',
        body,
      });
    },
  };
}
