/** What was said, of any kind, as a page shows it. Text is text: nothing of it becomes markup. */
import type { ReactElement } from 'react';
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
      <Actions content={content} />
    </>
  );
}

function MediaView({ content }: { content: Of<'image' | 'file'> }): ReactElement {
  const { mediaUrl, text } = content as { mediaUrl: string; text?: string };
  const name = decodeURIComponent(mediaUrl.split('/').at(-1) ?? 'file');
  return (
    <>
      {content.type === 'image' ? (
        <a href={mediaUrl} target="_blank" rel="noreferrer">
          <img className="picture" src={mediaUrl} alt={text || 'Picture'} loading="lazy" />
        </a>
      ) : (
        <a href={mediaUrl} target="_blank" rel="noreferrer">
          {name}
        </a>
      )}
      {text ? <span className="said">{text}</span> : null}
    </>
  );
}

/** Items of a carousel or list, fields of a form, a place, a template. */
function OtherView({ content }: Props): ReactElement {
  const told = content as {
    text?: string;
    name?: string;
    title?: string;
    items?: readonly { title?: string; description?: string }[];
    fields?: readonly { label?: string; name?: string; text?: string; email?: string }[];
    coordinates?: { lat: number; long: number };
  };
  return (
    <>
      <em className="kind">{KINDS[content.type] ?? content.type}</em>
      {told.title ? <strong>{told.title}</strong> : null}
      {told.text ? <span className="said">{told.text}</span> : told.name ? <span>{told.name}</span> : null}
      {told.coordinates ? (
        <span>
          {told.coordinates.lat}, {told.coordinates.long}
        </span>
      ) : null}
      {told.items ? (
        <ul className="items">
          {told.items.map((item, n) => (
            <li key={n}>
              <strong>{item.title}</strong> {item.description}
            </li>
          ))}
        </ul>
      ) : null}
      {told.fields ? (
        <ul className="items">
          {told.fields.map((field, n) => (
            <li key={n}>
              {field.label ?? field.name}: {field.text ?? field.email ?? ''}
            </li>
          ))}
        </ul>
      ) : null}
      <Actions content={content} />
    </>
  );
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

function Actions({ content }: Props): ReactElement | null {
  const { actions } = content as { actions?: readonly { text?: string; type: string }[] };
  if (!actions?.length) return null;
  return (
    <ul className="actions" aria-label="What can be chosen">
      {actions.map((action, n) => (
        <li key={n}>{action.text ?? action.type}</li>
      ))}
    </ul>
  );
}
