/** What was said, of any kind, as a page shows it. Text is text: nothing of it becomes markup. */
import type { ReactElement, ReactNode } from 'react';
import type { Content } from '../../contract/content.ts';

type Props = { content: Content };

/** One piece of content. */
export function ContentView({ content }: Props): ReactElement {
  if (content.type === 'text') return <TextView content={content} />;
  if (content.type === 'image' || content.type === 'file') return <MediaView content={content} />;
  return <OtherView content={content} />;
}

type Of<T extends Content['type']> = Extract<Content, { type: T }>;

function TextView({ content }: { content: Of<'text'> }): ReactElement {
  const { subject } = content as { subject?: string };
  return (
    <>
      {subject ? <strong className="subject">{subject}</strong> : null}
      <span className="said">{content.text}</span>
      <Actions actions={actionsOf(content)} />
    </>
  );
}

function MediaView({ content }: { content: Of<'image' | 'file'> }): ReactElement {
  const { mediaUrl, text } = content as { mediaUrl: string; text?: string };
  return (
    <>
      {content.type === 'image' && isPicture(mediaUrl) ? (
        <a href={mediaUrl} target="_blank" rel="noreferrer">
          <img className="picture" src={mediaUrl} alt={text || 'Picture'} loading="lazy" />
        </a>
      ) : (
        <Leads to={mediaUrl}>{nameOf(mediaUrl)}</Leads>
      )}
      {text ? <span className="said">{text}</span> : null}
    </>
  );
}

/** What the last part of an address calls a file. What somebody sent is no name always. */
function nameOf(mediaUrl: string): string {
  const last = mediaUrl.split(/[?#]/)[0]!.split('/').at(-1) || 'file';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Whether a picture is at an address from which the pages' policy lets one in. */
export function isPicture(uri: string): boolean {
  return uri.startsWith('https:') || uri.startsWith('/') || uri.startsWith(`${location.origin}/`);
}

/** A link, where it is one that a page can open: not an address that is filled in for each person, nor a number to call. */
function Leads({ to, children }: { to: string; children: ReactNode }): ReactElement {
  if (!/^(?:https?:|\/)/i.test(to) || /\{[{%]/.test(to)) return <span>{children}</span>;
  return (
    <a href={to} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

/** Items of a carousel or list, fields of a form, a place, a template. */
function OtherView({ content }: Props): ReactElement {
  const told = content as {
    text?: string;
    name?: string;
    title?: string;
    items?: readonly ItemShown[];
    fields?: readonly FieldShown[];
    coordinates?: { lat: number; long: number };
    location?: { name?: string; address?: string };
  };
  const { coordinates, location: place } = told;
  return (
    <>
      <em className="kind">{KINDS[content.type] ?? content.type}</em>
      {told.title ? <strong>{told.title}</strong> : null}
      {told.text ? <span className="said">{told.text}</span> : told.name ? <span>{told.name}</span> : null}
      {place?.name ? <strong>{place.name}</strong> : null}
      {place?.address ? <span>{place.address}</span> : null}
      {coordinates ? (
        <Leads
          to={`https://www.openstreetmap.org/?mlat=${coordinates.lat}&mlon=${coordinates.long}#map=16/${coordinates.lat}/${coordinates.long}`}
        >
          {coordinates.lat}, {coordinates.long}
        </Leads>
      ) : null}
      {told.items ? (
        <ul className="items cards-said">
          {told.items.map((item, n) => (
            <li key={n}>
              {item.mediaUrl && isPicture(item.mediaUrl) ? (
                <img className="picture" src={item.mediaUrl} alt={item.altText ?? ''} loading="lazy" />
              ) : null}
              <strong>{item.title}</strong> {item.description}
              <Actions actions={item.actions} />
            </li>
          ))}
        </ul>
      ) : null}
      {told.fields ? (
        <ul className="items">
          {told.fields.map((field, n) => (
            <li key={n}>
              {field.label ?? field.name}: {answerOf(field)}
            </li>
          ))}
        </ul>
      ) : null}
      <Actions actions={actionsOf(content)} />
    </>
  );
}

type ActionShown = { text?: string; type: string; uri?: string };
type ItemShown = {
  title?: string;
  description?: string;
  mediaUrl?: string;
  altText?: string;
  actions?: readonly ActionShown[];
};
type Choice = { label: string };
type FieldShown = {
  label?: string;
  name?: string;
  text?: string;
  email?: string;
  select?: readonly Choice[];
  options?: readonly Choice[];
};

/** What was answered; of a question what there is to choose. */
function answerOf({ text, email, select, options }: FieldShown): string {
  const choices = select ?? options ?? [];
  return text ?? email ?? choices.map(({ label }) => label).join(select ? ', ' : ' / ');
}

const KINDS: Readonly<Record<string, string>> = {
  carousel: 'Carousel',
  list: 'List',
  form: 'Form',
  formResponse: 'Answers of a form',
  location: 'Place',
  template: 'Template',
  nativeTemplate: 'Template',
  announcement: 'Announcement',
};

function actionsOf(content: Content): readonly ActionShown[] | undefined {
  return (content as { actions?: readonly ActionShown[] }).actions;
}

function Actions({ actions }: { actions: readonly ActionShown[] | undefined }): ReactElement | null {
  if (!actions?.length) return null;
  return (
    <ul className="actions" aria-label="What can be chosen">
      {actions.map((action, n) => (
        <li key={n}>
          <Leads to={action.uri ?? ''}>{action.text ?? action.type}</Leads>
        </li>
      ))}
    </ul>
  );
}
