/** `…/templates`: messages kept under a name, with their versions and their variants by language. */
import { type Static, Type } from 'typebox';
import { TEMPLATE_NAME_LENGTH, TEMPLATE_NAME_PATTERN } from '../../content.ts';
import { AnyObject, Count, Id, orNull, Time } from '../fields.ts';
import { Address, Channel, pageOf } from './fields.ts';

const name = Type.String({
  minLength: 1,
  maxLength: TEMPLATE_NAME_LENGTH,
  pattern: TEMPLATE_NAME_PATTERN,
  rule: 'must be a name without brackets',
});
/** Content by language tag, such as `nl` or `pt-BR`. */
const locales = Type.Record(Type.String(), AnyObject);

/** `POST …/templates`. Content may be written in MJML. */
export const NewTemplate = Type.Object({ name, content: AnyObject, locales: Type.Optional(locales) });
/** `PATCH …/templates/{id}`; with If-Match only the version that is named there. */
export const TemplatePatch = Type.Object({
  name: Type.Optional(name),
  content: Type.Optional(AnyObject),
  locales: Type.Optional(locales),
});
/** `POST …/templates/{id}/test`. */
export const TemplateTest = Type.Object({
  channel: Channel,
  address: Address,
  as: Type.Optional(Id),
  locale: Type.Optional(Type.String({ minLength: 2, maxLength: 35 })),
});

const said = {
  name: Type.String(),
  /** As it was written. */
  content: AnyObject,
  locales: Type.Record(Type.String(), AnyObject),
  revision: Count,
};
/** A template. */
export const TemplateShown = Type.Object({ id: Id, ...said, createdAt: Time, changedAt: Time });
export type TemplateShown = Static<typeof TemplateShown>;
/** Templates, by name. */
export const TemplatePage = pageOf('templates', TemplateShown);
export type TemplatePage = Static<typeof TemplatePage>;
/** What a template said, the newest version first. `by` is as in the audit log. */
export const TemplateVersionPage = pageOf(
  'versions',
  Type.Object({ ...said, by: orNull(Type.String()), at: Time }),
);
export type TemplateVersionPage = Static<typeof TemplateVersionPage>;
