/**
 * The pages on which somebody signs in or up and authorises a company. All text is escaped; they work without a script, and only the one
 * that ends a pop-up has one. Their addresses are one level below `/connect/`, and everything they name is relative to that.
 */
import type { FastifyReply } from 'fastify';
import { escapeHtml } from '../../../base/html.ts';
import { ABILITY_WORDS } from '../../../connect/abilities.ts';
import type { Client } from '../../../connect/clients.ts';
import type { Asked } from './asked.ts';
import { sendHtml } from '../../kit/html.ts';

/** What a form has to carry. */
export type Form = { asked: Asked; formToken: string };

/** What somebody filled in, and what is wrong with it. */
export type Filled = {
  email?: string;
  name?: string;
  wrong?: string;
  at?: 'sign-in' | 'sign-up';
  /** The operator has a second factor. */
  asksCode?: boolean;
};

const e = escapeHtml;

/** Signing in, or up where codes can be mailed. */
export function enterPage(form: Form, filled: Filled, canSignUp: boolean): Page {
  const { name } = form.asked.client;
  const signUp = canSignUp
    ? `<h2 id="sign-up">New here</h2>
<p class="quiet">A code is mailed to your address.</p>
${formOf(
  form,
  'sign-up',
  `${input('Your name', 'name', 'autocomplete="name" maxlength="200"', 'up', filled.name)}
${input('E-mail address', 'email', 'type="email" autocomplete="email" maxlength="254"', 'up', filled.at === 'sign-up' ? filled.email : '')}
${input('Password, 10 characters or more', 'password', 'type="password" autocomplete="new-password" minlength="10" maxlength="200"', 'up')}
<button class="other">Sign up</button>`,
  'sign-up',
)}`
    : `<p class="quiet">New here? ${e(name)} cannot mail codes at the moment, by which you would show that an address is yours.</p>`;
  return {
    title: `Connect to ${name}`,
    main: `${lead(form, `${name} would like to connect with your account.`)}
${alert(filled.wrong)}
<h2 id="sign-in">Sign in</h2>
${formOf(
  form,
  'sign-in',
  `${input('E-mail address', 'email', 'type="email" autocomplete="username" maxlength="254"', 'in', filled.at === 'sign-in' ? filled.email : '')}
${input('Password', 'password', 'type="password" autocomplete="current-password" maxlength="200"', 'in')}
${filled.asksCode ? input('Code of your app, or a recovery code', 'code', 'autocomplete="one-time-code" maxlength="40"', 'in') : ''}
<button class="main">Sign in</button>`,
  'sign-in',
)}
${signUp}
${cancel(form)}`,
  };
}

/** The code that was mailed. */
export function codePage(form: Form, email: string, wrong?: string): Page {
  return {
    title: 'Look into your mail',
    main: `${lead(form, `If ${email} can be signed up with, a code of six digits is on its way there. It is good for a quarter of an hour.`)}
${alert(wrong)}
${formOf(
  form,
  'code',
  `${input('Code', 'code', 'inputmode="numeric" autocomplete="one-time-code" maxlength="12"', 'code')}
<button class="main">Go on</button>`,
)}
${formOf(form, 'restart', '<button class="link">Start again with another address</button>')}`,
  };
}

/** What is to be agreed to. `shown` says which words stand here: what changes meanwhile is shown again. */
export function agreePage(
  form: Form,
  of: {
    holder: { name: string; email: string };
    workspaces: readonly { id: number; name: string }[];
    shown: string;
    wrong?: string;
  },
): Page {
  const { client, connectId } = form.asked;
  const { holder, workspaces } = of;
  const granted = client.asks.map((ability) => `<li>${e(ABILITY_WORDS[ability])}</li>`).join('');
  const reading = client.reading
    .map(({ title, text }) => `<section><h3>${e(title)}</h3><p>${e(text)}</p></section>`)
    .join('');
  return {
    title: `Connect to ${client.name}`,
    main: `${lead(form, `You are signed in as ${holder.name} (${holder.email}). ${client.name} knows you as ${connectId}.`)}
${alert(of.wrong)}
<h2>${e(client.name)} may then</h2>
<ul class="granted">${granted || '<li>Know that you are connected, and nothing else</li>'}</ul>
<p>It is told your name and e-mail address, and keeps them as of any customer. It never sees your contacts, except those of orders that it creates itself. You can disconnect at any time; from then on it may do none of this in your account. To your e-mail address it may go on writing, as to any customer, until you say no to that.</p>
${reading && `<h2>Please read</h2>${reading}`}
${formOf(
  form,
  'agree',
  `<input type="hidden" name="shown" value="${of.shown}">
${workspaceChoice(workspaces)}
${reading && '<p class="check"><input type="checkbox" id="read" name="read" value="yes" required><label for="read">I have read this</label></p>'}
<button class="main">Agree and connect</button>`,
)}
${cancel(form)}
${formOf(form, 'sign-out', '<button class="link">This is not me: sign out</button>')}`,
  };
}

/** Who is connected already, as this or as another. */
export function connectedPage(form: Form, of: { holder: { email: string }; connectId: string }): Page {
  const { client } = form.asked;
  const back =
    form.asked.redirectUri === undefined
      ? ''
      : formOf(form, 'back', `<button class="main">Back to ${e(client.name)}</button>`);
  return {
    title: `You are connected to ${client.name}`,
    main: `${lead(form, `Your account ${of.holder.email} is connected to ${client.name}, which knows you as ${of.connectId}.`)}
${back}
${formOf(form, 'disconnect', `<button class="other">Disconnect from ${e(client.name)}</button>`)}
${formOf(form, 'sign-out', '<button class="link">This is not me: sign out</button>')}`,
  };
}

/** How it ended, in a window of its own: its script tells the page that opened it, and closes it. */
export function endPage(asked: Asked, of: { title: string; text: string; status: string }): Page {
  const told = { type: 'parley.connect', status: of.status, state: asked.state ?? null };
  const data =
    asked.opener === undefined
      ? ''
      : ` data-opener="${e(asked.opener)}" data-told="${e(JSON.stringify(told))}"`;
  return {
    title: of.title,
    main: `<div id="end"${data}>${logo(asked.client)}<h1>${e(of.title)}</h1><p>${e(of.text)}</p></div>`,
    hasScript: asked.opener !== undefined,
  };
}

/** A page. */
type Page = { title: string; main: string; hasScript?: boolean };

/** Sends it, in the company's colour. */
export async function sendPage(
  reply: FastifyReply,
  status: number,
  client: Client,
  page: Page,
  redirectUri?: string,
): Promise<FastifyReply> {
  const pictures = client.logoUrl === undefined ? '' : ` ${new URL(client.logoUrl).origin}`;
  // Browsers hold where a form's answer redirects to the policy of the page.
  const leadsTo = redirectUri === undefined ? '' : ` ${new URL(redirectUri).origin}`;
  return await sendHtml(reply, status, {
    title: page.title,
    policy: {
      'style-src': "'self'",
      ...(page.hasScript ? { 'script-src': "'self'" } : {}),
      'img-src': `'self'${pictures}`,
      'form-action': `'self'${leadsTo}`,
    },
    head: [
      '<link rel="icon" href="assets/icon.svg">',
      '<link rel="stylesheet" href="assets/connect.css">',
      `<link rel="stylesheet" href="assets/${client.id}.css">`,
      ...(page.hasScript ? ['<script type="module" src="assets/end.js"></script>'] : []),
    ],
    body: `<body><main>${page.main}</main></body>`,
  });
}

/** The company's colour, and black or white on it, whichever is read better: one of the two always has a contrast of 4.5. */
export function themeOf({ colour }: Pick<Client, 'colour'>): string {
  if (colour === undefined) return '';
  const [red, green, blue] = [1, 3, 5].map((at) =>
    linear(Number.parseInt(colour.slice(at, at + 2), 16) / 255),
  );
  const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  const onIt = 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 ? '#fff' : '#000';
  return `:root { --main: ${colour}; --on-main: ${onIt}; }\n`;
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function logo({ logoUrl }: Client): string {
  return logoUrl === undefined ? '' : `<img class="logo" src="${e(logoUrl)}" alt="">`;
}

function lead({ asked: { client } }: Form, text: string): string {
  return `${logo(client)}<h1>Connect to ${e(client.name)}</h1><p>${e(text)}</p>`;
}

function alert(wrong: string | undefined): string {
  return wrong === undefined ? '' : `<p class="alert" role="alert">${e(wrong)}</p>`;
}

function formOf({ asked, formToken }: Form, what: string, inner: string, labelledBy?: string): string {
  const label = labelledBy === undefined ? '' : ` aria-labelledby="${labelledBy}"`;
  return `<form method="post" action="${asked.client.id}?${e(asked.query)}"${label}><input type="hidden" name="do" value="${what}"><input type="hidden" name="form" value="${formToken}">${inner}</form>`;
}

function input(label: string, name: string, more: string, where: string, value = ''): string {
  const id = `${where}-${name}`;
  const kept = value === '' ? '' : ` value="${e(value)}"`;
  return `<label for="${id}">${label}</label><input id="${id}" name="${name}"${kept} required ${more}>`;
}

function workspaceChoice(workspaces: readonly { id: number; name: string }[]): string {
  if (workspaces.length === 0) return '';
  if (workspaces.length === 1) return `<input type="hidden" name="workspace" value="${workspaces[0]!.id}">`;
  const options = workspaces.map(({ id, name }) => `<option value="${id}">${e(name)}</option>`).join('');
  return `<label for="workspace">Which of your workspaces</label><select id="workspace" name="workspace">${options}</select>`;
}

function cancel(form: Form): string {
  return formOf(form, 'cancel', '<button class="link">Cancel</button>');
}
