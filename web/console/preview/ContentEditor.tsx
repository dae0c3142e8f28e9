/** Where content is written: text with links, a picture, a mail; and as its source what has no form here. */
import { useId, useRef, useState, type ReactElement } from 'react';
import type { Content } from '../../../contract/content.ts';

type Props = {
  channel: string;
  content: Content;
  /** Told of every change, also of what is not yet content. */
  onContent: (content: unknown) => void;
};
type Kind = 'text' | 'image' | 'source';
type Link = { type: 'link'; text: string; uri: string };
type Written = { text?: string; subject?: string; html?: string; mediaUrl?: string; actions?: Link[] };

const VARIABLES = [
  ['Given name', '{{ contact.givenName | default: "there" }}'],
  ['Surname', '{{ contact.surname }}'],
  ['Name', '{{ contact.name }}'],
  ['An attribute', '{{ attributes.city | default: "your city" }}'],
  ['Our name', '{{ workspace.name }}'],
  ['Address to leave', '{{ links.unsubscribe }}'],
] as const;

/** Keys that the forms know; content with others is shown as its source. */
const FORMED = new Set(['type', 'text', 'subject', 'html', 'mediaUrl', 'actions']);

function kindOf(content: Content): Kind {
  const actions = (content as { actions?: readonly { type: string }[] }).actions ?? [];
  const isFormed =
    (content.type === 'text' || content.type === 'image') &&
    Object.keys(content).every((key) => FORMED.has(key)) &&
    actions.every(({ type }) => type === 'link');
  return isFormed ? (content.type as Kind) : 'source';
}

/** The editor. */
export function ContentEditor({ channel, content, onContent }: Props): ReactElement {
  const [kind, setKind] = useState<Kind>(kindOf(content));
  const [written, setWritten] = useState<Written>(content as Written);
  const write = (some: Partial<Written>, as = kind) => {
    const now = { ...written, ...some };
    setWritten(now);
    onContent(contentOf(as, channel, now));
  };
  return (
    <div className="editor">
      <div className="editor-top">
        <div className="switch" role="group" aria-label="Kind of message">
          {(['text', 'image', 'source'] as const).map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={kind === one}
              onClick={() => {
                setKind(one);
                if (one !== 'source') write({}, one);
              }}
            >
              {{ text: 'Text', image: 'Picture', source: 'Source' }[one]}
            </button>
          ))}
        </div>
      </div>
      {kind === 'source' ? (
        <Source
          content={contentOf(kindOf(content), channel, written) as Content}
          onContent={(next) => {
            setWritten(next as Written);
            onContent(next);
          }}
        />
      ) : (
        <Forms kind={kind} channel={channel} written={written} write={write} />
      )}
    </div>
  );
}

/** Content of what is in the forms: what is empty is not there. */
function contentOf(kind: Kind, channel: string, written: Written): unknown {
  if (kind === 'source') return written;
  const { text, subject, html, mediaUrl, actions } = written;
  const isMail = channel === 'email';
  return {
    type: kind,
    ...(text ? { text } : {}),
    ...(kind === 'image' ? { mediaUrl: mediaUrl ?? '' } : {}),
    ...(isMail && subject ? { subject } : {}),
    ...(isMail && html ? { html } : {}),
    ...(actions?.length ? { actions } : {}),
  };
}

type FormsProps = {
  kind: Kind;
  channel: string;
  written: Written;
  write: (some: Partial<Written>) => void;
};

function Forms({ kind, channel, written, write }: FormsProps): ReactElement {
  const isMail = channel === 'email';
  return (
    <>
      {isMail ? (
        <TextField label="Subject" value={written.subject ?? ''} onText={(subject) => write({ subject })} />
      ) : null}
      {kind === 'image' ? (
        <label className="field">
          Address of the picture
          <input
            type="url"
            placeholder="https://…"
            value={written.mediaUrl ?? ''}
            onChange={({ currentTarget: { value } }) => write({ mediaUrl: value })}
          />
        </label>
      ) : null}
      <TextField
        label={isMail ? 'Text, for who sees no HTML' : 'Text'}
        rows={isMail ? 4 : 6}
        value={written.text ?? ''}
        onText={(text) => write({ text })}
      />
      {isMail ? (
        <TextField
          label="HTML"
          rows={12}
          isSource
          value={written.html ?? ''}
          onText={(html) => write({ html })}
        />
      ) : null}
      <Links links={written.actions ?? []} onLinks={(actions) => write({ actions })} />
    </>
  );
}

/** A text that variables can be put into. */
function TextField({
  label,
  value,
  onText,
  rows,
  isSource = false,
}: {
  label: string;
  value: string;
  onText: (text: string) => void;
  rows?: number;
  isSource?: boolean;
}): ReactElement {
  const id = useId();
  const field = useRef<HTMLTextAreaElement & HTMLInputElement>(null);
  const put = (variable: string) => {
    const { selectionStart, selectionEnd } = field.current!;
    const from = selectionStart ?? value.length;
    onText(value.slice(0, from) + variable + value.slice(selectionEnd ?? from));
    field.current!.focus();
  };
  const shared = {
    id,
    ref: field,
    value,
    spellCheck: !isSource,
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) => onText(currentTarget.value),
  };
  return (
    <div className="field">
      <div className="field-top">
        <label htmlFor={id}>{label}</label>
        <select
          aria-label={`Put a variable into ${label}`}
          value=""
          onChange={({ currentTarget }) => put(currentTarget.value)}
        >
          <option value="">+ variable</option>
          {VARIABLES.map(([name, variable]) => (
            <option key={name} value={variable}>
              {name}
            </option>
          ))}
        </select>
      </div>
      {rows === undefined ? (
        <input {...shared} />
      ) : (
        <textarea {...shared} rows={rows} className={isSource ? 'mono' : undefined} />
      )}
    </div>
  );
}

function Links({
  links,
  onLinks,
}: {
  links: readonly Link[];
  onLinks: (links: Link[]) => void;
}): ReactElement {
  const change = (n: number, some: Partial<Link>) =>
    onLinks(links.map((link, i) => (i === n ? { ...link, ...some } : link)));
  return (
    <fieldset className="links">
      <legend>Links</legend>
      {links.map((link, n) => (
        <div key={n} className="links-row">
          <input
            aria-label={`Words of link ${n + 1}`}
            placeholder="Shop now"
            value={link.text}
            onChange={({ currentTarget: { value } }) => change(n, { text: value })}
          />
          <input
            aria-label={`Address of link ${n + 1}`}
            placeholder="https://…"
            value={link.uri}
            onChange={({ currentTarget: { value } }) => change(n, { uri: value })}
          />
          <button
            type="button"
            className="chip"
            aria-label={`Take link ${n + 1} away`}
            onClick={() => onLinks(links.filter((_, i) => i !== n))}
          >
            ✕
          </button>
        </div>
      ))}
      {links.length < 10 ? (
        <button
          type="button"
          className="chip"
          onClick={() => onLinks([...links, { type: 'link', text: 'Shop now', uri: 'https://' }])}
        >
          + link
        </button>
      ) : null}
    </fieldset>
  );
}

/** Content as JSON. What is not JSON stays here, and is said. */
function Source({
  content,
  onContent,
}: {
  content: Content;
  onContent: (content: unknown) => void;
}): ReactElement {
  const [text, setText] = useState(() => JSON.stringify(content, null, 2));
  const [fault, setFault] = useState<string>();
  return (
    <label className="field">
      Content as JSON
      <textarea
        className="mono"
        rows={16}
        spellCheck={false}
        value={text}
        onChange={({ currentTarget: { value } }) => {
          setText(value);
          try {
            onContent(JSON.parse(value));
            setFault(undefined);
          } catch (error) {
            setFault((error as Error).message);
          }
        }}
      />
      {fault ? <span className="fault">{fault}</span> : null}
    </label>
  );
}
