/** Where content is written: text with links, a picture, a mail; and as its source what has no form here. */
import { useId, useRef, useState, type ReactElement } from 'react';
import type { Content } from '../../../contract/content.ts';
import type { Problem } from '../../../contract/doors/console/render.ts';
import { SourceArea } from './SourceArea.tsx';
import { TemplateChoice } from './TemplateChoice.tsx';
import { useRender } from './render.ts';

type Props = {
  ws: string;
  channel: string;
  content: Content;
  /** Told of every change, also of what is not yet content. */
  onContent: (content: unknown) => void;
  /** Mail may be written in MJML, which is kept as it was written. Templates are so, and take nothing from templates. */
  withMjml?: boolean;
};
type Kind = 'text' | 'image' | 'source';
type Link = { type: 'link'; text: string; uri: string };
type Written = {
  text?: string;
  subject?: string;
  html?: string | undefined;
  mjml?: string | undefined;
  mediaUrl?: string;
  actions?: Link[];
};

const VARIABLES = [
  ['Given name', '{{ contact.givenName | default: "there" }}'],
  ['Surname', '{{ contact.surname }}'],
  ['Name', '{{ contact.name }}'],
  ['An attribute', '{{ attributes.city | default: "your city" }}'],
  ['Our name', '{{ workspace.name }}'],
  ['Address to leave', '{{ links.unsubscribe }}'],
] as const;

/** Keys that the forms know; content with others is shown as its source. */
const FORMED = new Set(['type', 'text', 'subject', 'html', 'mjml', 'mediaUrl', 'actions']);

function kindOf(content: Content): Kind {
  const actions = (content as { actions?: readonly { type: string }[] }).actions ?? [];
  const isFormed =
    (content.type === 'text' || content.type === 'image') &&
    Object.keys(content).every((key) => FORMED.has(key)) &&
    actions.every(({ type }) => type === 'link');
  return isFormed ? (content.type as Kind) : 'source';
}

/** The editor. */
export function ContentEditor({ ws, channel, content, onContent, withMjml = false }: Props): ReactElement {
  const [kind, setKind] = useState<Kind>(kindOf(content));
  const [written, setWritten] = useState<Written>(content as Written);
  // The same question that the preview asks, and answered once for both.
  const { data } = useRender(ws, {
    content: contentOf(kind, channel, written),
    channel,
    seer: { madeUp: 'usual' },
  });
  const chosen = (next: Content) => {
    setKind(kindOf(next));
    setWritten(next as Written);
    onContent(next);
  };
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
        {withMjml ? null : <TemplateChoice ws={ws} onChosen={chosen} />}
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
        <Forms
          kind={kind}
          channel={channel}
          written={written}
          write={write}
          withMjml={withMjml}
          problems={data?.problems ?? []}
        />
      )}
    </div>
  );
}

/** Content of what is in the forms: what is empty is not there. */
function contentOf(kind: Kind, channel: string, written: Written): unknown {
  if (kind === 'source') return written;
  const { text, subject, html, mjml, mediaUrl, actions } = written;
  const isMail = channel === 'email';
  return {
    type: kind,
    ...(text ? { text } : {}),
    ...(kind === 'image' ? { mediaUrl: mediaUrl ?? '' } : {}),
    ...(isMail && subject ? { subject } : {}),
    ...(isMail && mjml ? { mjml } : isMail && html ? { html } : {}),
    ...(actions?.length ? { actions } : {}),
  };
}

type FormsProps = {
  kind: Kind;
  channel: string;
  written: Written;
  write: (some: Partial<Written>) => void;
  withMjml: boolean;
  problems: readonly Problem[];
};

function Forms({ kind, channel, written, write, withMjml, problems }: FormsProps): ReactElement {
  const isMail = channel === 'email';
  const [isMjml, setMjml] = useState(written.mjml !== undefined);
  const of = (field: string) => problems.filter((one) => one.field === `content.${field}`);
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
        problems={of('text')}
        value={written.text ?? ''}
        onText={(text) => write({ text })}
      />
      {isMail && withMjml ? (
        <div className="switch" role="group" aria-label="Language of the mail">
          {(['HTML', 'MJML'] as const).map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={isMjml === (one === 'MJML')}
              onClick={() => setMjml(one === 'MJML')}
            >
              {one}
            </button>
          ))}
        </div>
      ) : null}
      {isMail ? (
        <TextField
          key={isMjml ? 'mjml' : 'html'}
          label={isMjml ? 'MJML' : 'HTML'}
          rows={12}
          isSource
          problems={of(isMjml ? 'mjml' : 'html')}
          value={(isMjml ? written.mjml : written.html) ?? ''}
          onText={(text) => write(isMjml ? { mjml: text, html: undefined } : { html: text, mjml: undefined })}
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
  problems = [],
}: {
  label: string;
  value: string;
  onText: (text: string) => void;
  rows?: number;
  isSource?: boolean;
  problems?: readonly Problem[];
}): ReactElement {
  const id = useId();
  const field = useRef<HTMLTextAreaElement & HTMLInputElement>(null);
  const put = (variable: string) => {
    const { selectionStart, selectionEnd } = field.current!;
    const from = selectionStart ?? value.length;
    onText(value.slice(0, from) + variable + value.slice(selectionEnd ?? from));
    field.current!.focus();
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
        <input
          id={id}
          ref={field}
          value={value}
          onChange={({ currentTarget }) => onText(currentTarget.value)}
        />
      ) : (
        <SourceArea
          id={id}
          field={field}
          rows={rows}
          value={value}
          isSource={isSource}
          problems={problems}
          onText={onText}
        />
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
