/**
 * The message templates of a WhatsApp business account: listed, made and deleted at Meta. Pure calls; what is to be kept
 * of them is kept elsewhere.
 */
import type { HttpOutcome } from '../../base/http.ts';
import type { AdapterTools, Settings } from '../adapter.ts';
import { jsonObject, repeatable, secretsOf, textSetting, type Failure } from '../kit/outcome.ts';
import { objectIn, objectsIn, textIn, type Json } from '../kit/json.ts';
import { whatsappFailure } from './outcomes.ts';
import { businessAccountOf, WHATSAPP_SETTINGS, whatsappUrl } from './settings.ts';

/** A part of a template as Meta has it; `content/reconstruct.ts` reads header, body, footer and buttons. */
type TemplateComponent = {
  type?: string;
  format?: string;
  text?: string;
  buttons?: { type?: string; text?: string; url?: string; phone_number?: string }[];
  example?: unknown;
};

/** A template as Meta lists it. Every part may be missing. */
export type TemplateDefinition = {
  id?: string;
  name?: string;
  language?: string;
  /** `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED` … */
  status?: string;
  /** `MARKETING`, `UTILITY` or `AUTHENTICATION`. */
  category?: string;
  rejectedReason?: string;
  components?: TemplateComponent[];
};

/** A template to be made. */
type NewTemplate = {
  name: string;
  language: string;
  category: string;
  components: readonly (TemplateComponent & Json)[];
};

/** A page of templates; `after` begins the next one. */
type TemplatePage = { kind: 'listed'; templates: TemplateDefinition[]; after?: string };

/** True when sent templates are to be kept as the person sees them. */
export function canReconstruct(settings: Settings): boolean {
  return (
    businessAccountOf(settings) !== undefined &&
    textSetting(settings, 'accountManagementAccessToken') !== undefined
  );
}

const FIELDS = 'id,name,language,status,category,rejected_reason,components';

/** Templates, a page at a time. With `name` only those whose name has it. */
export async function listTemplates(
  settings: Settings,
  tools: AdapterTools,
  page: { after?: string; limit?: number; name?: string } = {},
): Promise<TemplatePage | Failure> {
  const limit = page.limit ?? 100;
  const query = new URLSearchParams({ fields: FIELDS, limit: String(limit) });
  if (page.after) query.set('after', page.after);
  if (page.name) query.set('name', page.name);
  const call = await callTemplates(settings, tools, 'GET', query);
  if ('code' in call) return call;
  if (!Array.isArray(call.answer.data)) return repeatable(call.failure());
  const paging = objectIn(call.answer, 'paging');
  const after = textIn(objectIn(paging, 'cursors'), 'after');
  const templates = objectsIn(call.answer, 'data').map(definitionOf);
  // Cursors are there on the last page too.
  const more = after && (textIn(paging, 'next') || templates.length >= limit) ? { after } : {};
  return { kind: 'listed', templates, ...more };
}

/** More pages than an account with Meta's most templates (6,000) has. */
const MOST_PAGES = 60;

/** The template of that name and language; `template` is absent when there is none. */
export async function findTemplate(
  settings: Settings,
  tools: AdapterTools,
  wanted: { name: string; language: string },
): Promise<{ kind: 'found'; template?: TemplateDefinition } | Failure> {
  let after: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await listTemplates(settings, tools, { name: wanted.name, ...(after ? { after } : {}) });
    if (page.kind !== 'listed') return page;
    const template = page.templates.find(
      ({ name, language }) => name === wanted.name && language === wanted.language,
    );
    if (template) return { kind: 'found', template };
    if (!page.after) break;
    after = page.after;
  }
  return { kind: 'found' };
}

/** Makes a template; Meta then checks it, mostly within minutes. */
export async function createTemplate(
  settings: Settings,
  tools: AdapterTools,
  template: NewTemplate,
): Promise<{ kind: 'created'; id: string; status: string; category: string } | Failure> {
  const { name, language, category, components } = template;
  const body = JSON.stringify({ name, language, category, components });
  const call = await callTemplates(settings, tools, 'POST', new URLSearchParams(), body);
  if ('code' in call) return call;
  const id = textIn(call.answer, 'id');
  if (!id) return call.failure();
  return {
    kind: 'created',
    id,
    status: textIn(call.answer, 'status') ?? 'PENDING',
    // Meta may have put it into another one.
    category: textIn(call.answer, 'category') ?? category,
  };
}

/** Deletes a template in all its languages; with `id` only that one. */
export async function deleteTemplate(
  settings: Settings,
  tools: AdapterTools,
  name: string,
  id?: string,
): Promise<{ kind: 'deleted' } | Failure> {
  const query = new URLSearchParams({ name, ...(id ? { hsm_id: id } : {}) });
  const call = await callTemplates(settings, tools, 'DELETE', query);
  if ('code' in call) return call;
  return call.answer.success === true ? { kind: 'deleted' } : call.failure();
}

const NO_ACCOUNT: Failure = {
  kind: 'deferred',
  code: 'no_account',
  class: 'config',
  detail: 'the integration has no businessAccountId',
};

async function callTemplates(
  settings: Settings,
  tools: AdapterTools,
  method: 'GET' | 'POST' | 'DELETE',
  query: URLSearchParams,
  body?: string,
): Promise<{ answer: Json; failure(): Failure } | Failure> {
  const account = businessAccountOf(settings);
  if (!account) return NO_ACCOUNT;
  const token =
    textSetting(settings, 'accountManagementAccessToken') ?? textSetting(settings, 'accessToken') ?? '';
  const tail = query.size ? `?${query.toString()}` : '';
  const call = await tools.http.call({
    method,
    url: `${whatsappUrl(settings)}/${encodeURIComponent(account)}/message_templates${tail}`,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
    deadlineMs: tools.deadlineMs,
    maxBytes: LARGEST_PAGE_BYTES,
  });
  const failure = () => failureOf(call, tools, settings);
  if (call.kind !== 'answer' || call.status !== 200)
    return method === 'GET' ? repeatable(failure()) : failure();
  return { answer: jsonObject(call.body.toString('utf8')) ?? {}, failure };
}

/** A hundred templates of the largest kind. */
const LARGEST_PAGE_BYTES = 8 * 1024 * 1024;

function failureOf(call: HttpOutcome, tools: AdapterTools, settings: Settings): Failure {
  return whatsappFailure(call, { nowMs: tools.nowMs(), secrets: secretsOf(WHATSAPP_SETTINGS, settings) });
}

function definitionOf(given: Json): TemplateDefinition {
  const definition: TemplateDefinition = {
    components: objectsIn(given, 'components'),
  };
  for (const name of ['id', 'name', 'language', 'status', 'category'] as const) {
    const value = textIn(given, name);
    if (value !== undefined) definition[name] = value;
  }
  const reason = textIn(given, 'rejected_reason');
  if (reason && reason !== 'NONE') definition.rejectedReason = reason;
  return definition;
}
