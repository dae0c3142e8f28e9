/**
 * The profile of a WhatsApp number, as people see it behind the business's name: read and changed at Meta (Cloud API, "Business
 * profiles", 30 June 2026). Pure calls.
 */
import type { AdapterTools, Settings } from '../adapter.ts';
import { jsonObject, repeatable, secretsOf, textSetting, type Failure } from '../kit/outcome.ts';
import { objectsIn, textIn, type Json } from '../kit/json.ts';
import { whatsappFailure } from './outcomes.ts';
import { WHATSAPP_SETTINGS, whatsappUrl } from './settings.ts';

/** What stands in a profile; what is not set is absent. */
export type BusinessProfile = {
  about?: string;
  address?: string;
  description?: string;
  email?: string;
  /** The line of business, as Meta names it: `RETAIL`, `TRAVEL` … */
  vertical?: string;
  websites?: string[];
  /** Where the picture is for now; Meta's addresses end. */
  photoUrl?: string;
};

const TEXTS = ['about', 'address', 'description', 'email', 'vertical'] as const;
const FIELDS = [...TEXTS, 'websites', 'profile_picture_url'].join(',');

/** The profile as it is. */
export async function readProfile(
  settings: Settings,
  tools: AdapterTools,
): Promise<{ kind: 'found'; profile: BusinessProfile } | Failure> {
  const call = await callProfile(settings, tools, 'GET');
  if (call.kind !== 'answered') return call;
  return { kind: 'found', profile: profileOf(objectsIn(call.answer, 'data')[0] ?? {}) };
}

/** Changes what is named; the rest stays. */
export async function changeProfile(
  settings: Settings,
  tools: AdapterTools,
  change: Omit<BusinessProfile, 'photoUrl'>,
): Promise<{ kind: 'changed' } | Failure> {
  const call = await callProfile(settings, tools, 'POST', { messaging_product: 'whatsapp', ...change });
  return call.kind === 'answered' ? { kind: 'changed' } : call;
}

function profileOf(given: Json): BusinessProfile {
  const profile: BusinessProfile = {};
  for (const name of TEXTS) {
    const value = textIn(given, name);
    if (value) profile[name] = value;
  }
  const { websites } = given;
  if (Array.isArray(websites)) profile.websites = websites.filter((one) => typeof one === 'string');
  const photo = textIn(given, 'profile_picture_url');
  return photo ? { ...profile, photoUrl: photo } : profile;
}

async function callProfile(
  settings: Settings,
  tools: AdapterTools,
  method: 'GET' | 'POST',
  body?: object,
): Promise<{ kind: 'answered'; answer: Json } | Failure> {
  const number = encodeURIComponent(textSetting(settings, 'phoneNumberId') ?? '');
  const call = await tools.http.call({
    method,
    url: `${whatsappUrl(settings)}/${number}/whatsapp_business_profile${method === 'GET' ? `?fields=${FIELDS}` : ''}`,
    headers: {
      authorization: `Bearer ${textSetting(settings, 'accessToken') ?? ''}`,
      accept: 'application/json',
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    deadlineMs: tools.deadlineMs,
  });
  if (call.kind === 'answer' && call.status === 200)
    return { kind: 'answered', answer: jsonObject(call.body.toString('utf8')) ?? {} };
  const failure = whatsappFailure(call, {
    nowMs: tools.nowMs(),
    secrets: secretsOf(WHATSAPP_SETTINGS, settings),
  });
  return method === 'GET' ? repeatable(failure) : failure;
}
