/**
 * Which addresses may be shortened, which of a content are, and under which address a short link is reached. Pure.
 *
 * Only http and https are ever stored, so a short link leads nowhere that a browser would run.
 */
import { beginningOf } from '../base/text.ts';
import type { Action, Content } from '../../contract/content.ts';
import { withBraces } from '../base/braces.ts';
import { hrefsOf, withHrefs } from '../base/html.ts';
import { toHex24 } from '../base/ids.ts';
import { MOST_LINKS } from './codes.ts';
import { linkSettings } from './settings.ts';

/** click: opened as it is, and counted. transfer: brings the person along, as somebody who is known. */
export type LinkKind = 'click' | 'transfer';

/** What this room needs to know of a workspace. */
export type LinkWorkspace = {
  readonly id: number;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
};

const MOST_CHARACTERS = 2048;
const USER = /(?:\{|%7B)authuser(?:\}|%7D)/gi;
const TOKEN = /(?:\{|%7B)authtoken(?:\}|%7D)/gi;
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0020\u007f]/;

/** True for an address that asks for the person: it holds {authuser} or {authtoken}. */
export function isTransfer(uri: string): boolean {
  return expand(uri, { authuser: '', authtoken: '' }) !== uri;
}

/** Puts a person into an address. */
export function expand(uri: string, person: { authuser: string; authtoken: string }): string {
  return uri
    .replaceAll(USER, () => encodeURIComponent(person.authuser))
    .replaceAll(TOKEN, () => encodeURIComponent(person.authtoken));
}

/** True for an address that may be stored behind a code. Whose host depends on the person, or that has a password, may not. */
export function canShorten(uri: string): boolean {
  if (uri.length > MOST_CHARACTERS || UNSAFE.test(uri) || !uri.isWellFormed()) return false;
  const [one, other] = ['a', 'b'].map((who) => URL.parse(expand(uri, { authuser: who, authtoken: who })));
  if (!one || !other || one.origin !== other.origin) return false;
  return /^https?:$/.test(one.protocol) && one.username === '' && one.password === '';
}

/**
 * The addresses of a content that are to be short, in a fixed order: those that bring the person along, and with `trackClicks`
 * all others of its link and webview actions and of the links of its HTML. An address that a template makes is another for each person, and is left as it is.
 */
export function linksIn(content: Content, trackClicks: boolean): { longUri: string; kind: LinkKind }[] {
  const seen = new Map<string, LinkKind>();
  eachUri(content, (uri) => {
    if (seen.has(uri) || /\{[{%]/.test(withBraces(uri))) return;
    const kind = isTransfer(uri) ? 'transfer' : 'click';
    if ((kind === 'transfer' || trackClicks) && canShorten(uri)) seen.set(uri, kind);
  });
  return [...seen]
    .map(([longUri, kind]) => ({ longUri, kind }))
    .sort((a, b) => Number(b.kind === 'transfer') - Number(a.kind === 'transfer'))
    .slice(0, MOST_LINKS);
}

/** The content with addresses replaced by their short ones; a link keeps the one it had in `longUri`. */
export function withShortLinks(content: Content, shortOf: (uri: string) => string | undefined): Content {
  const withUri = (action: Action): Action => {
    if (action.type === 'link') {
      const short = shortOf(action.uri);
      return short === undefined ? action : { ...action, uri: short, longUri: action.uri };
    }
    if (action.type !== 'webview') return action;
    return {
      ...action,
      uri: shortOf(action.uri) ?? action.uri,
      fallback: shortOf(action.fallback) ?? action.fallback,
    };
  };
  const copy = { ...content };
  if ('actions' in copy && copy.actions) copy.actions = copy.actions.map(withUri);
  if ('items' in copy)
    copy.items = copy.items.map((item) =>
      item.actions ? { ...item, actions: item.actions.map(withUri) } : item,
    );
  if (copy.html !== undefined) copy.html = withHrefs(copy.html, shortOf);
  return copy;
}

/**
 * The address of a code: `<name>.<domain>/l/<code>` when the workspace has a domain (`settings.linkDomain`, of which all names
 * must lead here), else a path of this server. The name is for the person who reads it; only the code counts.
 */
export function linkUrl(publicUrl: string, workspace: LinkWorkspace, code: string): string {
  const { domain } = linkSettings(workspace.settings);
  return domain === undefined
    ? `${publicUrl}/l/${code}`
    : `https://${labelOf(workspace)}.${domain}/l/${code}`;
}

/** The address of our own page for a workspace, as the target of a transfer. */
export function hostedPageUri(publicUrl: string, workspaceId: number): string {
  return `${publicUrl}/chat/${toHex24(workspaceId)}?id={authuser}&token={authtoken}`;
}

/** A name as a label of a host name: its letters and digits, accents taken off. */
function labelOf({ name, id }: LinkWorkspace): string {
  const label = beginningOf(name.normalize('NFKD').replaceAll(/[^A-Za-z0-9]/g, ''), 63);
  return label || `w${id.toString(36)}`;
}

function eachUri(content: Content, told: (uri: string) => void): void {
  const ofAction = (action: Action) => {
    if (action.type === 'link' || action.type === 'webview') told(action.uri);
    if (action.type === 'webview') told(action.fallback);
  };
  if ('actions' in content) content.actions?.forEach(ofAction);
  if ('items' in content) for (const item of content.items) item.actions?.forEach(ofAction);
  if (content.html !== undefined) hrefsOf(content.html).forEach(told);
}
