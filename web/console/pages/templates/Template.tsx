/** One template: written beside how it looks, by language, with every version of it; it saves itself. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useState, useSyncExternalStore, type FormEvent, type ReactElement } from 'react';
import '../../styles/broadcasts.css';
import { CHANNELS, type ChannelName } from '../../../../contract/channels.ts';
import type { Content } from '../../../../contract/content.ts';
import type { TemplateShown } from '../../../../contract/doors/console/templates.ts';
import { channelName, Icon } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { selfSaving } from '../../forms/selfSaving.ts';
import { ContentEditor } from '../../preview/ContentEditor.tsx';
import { Preview } from '../../preview/Preview.tsx';
import { TestSend } from '../../preview/TestSend.tsx';
import { templateQuery } from '../../preview/templates.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Conflict } from '../../ui/Conflict.tsx';
import { Dialog, Side } from '../../ui/overlays.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { Versions } from './Versions.tsx';

const route = getRouteApi('/w/$ws/templates/$template');

type Fields = Pick<TemplateShown, 'name' | 'content' | 'locales'>;
/** As the server has it. */
const TAG = /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/;

/** The page. */
export function Template(): ReactElement {
  const { id: ws } = useHere();
  const { template: id } = route.useParams();
  const { data, error, refetch } = useQuery(templateQuery(ws, id));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return <Inside key={id} ws={ws} template={data} />;
}

function useTemplate(ws: string, template: TemplateShown) {
  const client = useQueryClient();
  const [draft] = useState(() => {
    const query = templateQuery(ws, template.id);
    return selfSaving<Fields, TemplateShown>({
      first: template,
      fieldsOf: ({ name, content, locales }) => ({ name, content, locales }),
      async save(body, revision) {
        const made = await call<TemplateShown>('PATCH', at(ws, `/templates/${template.id}`), {
          body,
          revision,
        });
        client.setQueryData(query.queryKey, made);
        void client.invalidateQueries({ queryKey: [...query.queryKey, 'versions'] });
        void client.invalidateQueries({ queryKey: [ws, 'templates'] });
        return made;
      },
      read: () => client.fetchQuery({ ...query, staleTime: 0 }),
      store: localStorage,
      key: `parley.template.${template.id}`,
      later: (act, ms) => window.setTimeout(act, ms),
      never: (timer) => window.clearTimeout(timer),
    });
  });
  useEffect(() => draft.flush, [draft]);
  useEffect(() => draft.see(template), [draft, template]);
  return { ...useSyncExternalStore(draft.watch, draft.now), ...draft };
}

function Inside({ ws, template }: { ws: string; template: TemplateShown }): ReactElement {
  const may = useMay('content.write');
  const mayTest = useMay('messages.send');
  const { fields, saving, turn, change, put, choose } = useTemplate(ws, template);
  const [channel, setChannel] = useState<ChannelName>(
    'subject' in fields.content || 'mjml' in fields.content ? 'email' : 'sms',
  );
  const [locale, setLocale] = useState('');
  const [isOpen, setOpen] = useState(false);
  const content = locale ? (fields.locales[locale] ?? fields.content) : fields.content;
  const write = (next: unknown) => {
    if (locale) change({ locales: { ...fields.locales, [locale]: next as Record<string, unknown> } });
    else change({ content: next as Record<string, unknown> });
  };
  return (
    <div className="page">
      <header className="page-head">
        <Link to="/w/$ws/templates" params={{ ws }} className="back" aria-label="All templates">
          <Icon name="back" />
        </Link>
        <h1>{fields.name}</h1>
        <span className={saving.kind === 'not saved' ? 'fault' : 'muted'} role="status">
          {saving.kind === 'saved'
            ? `Saved, version ${template.revision}`
            : saving.kind === 'saving'
              ? 'Saving …'
              : 'Not saved'}
        </span>
        <Act size="compact-sm" onAct={() => setOpen(true)}>
          Versions
        </Act>
        <Remove ws={ws} id={template.id} />
      </header>
      {saving.kind === 'conflict' ? (
        <Conflict what="template" onMine={() => choose('mine')} onTheirs={() => choose('theirs')}>
          Your changes are kept here until you choose.
        </Conflict>
      ) : null}
      <div className="page-body">
        <div className="compose">
          <section className="compose-form" aria-label="Template">
            {may === true ? null : <p className="muted">{may}</p>}
            {/* What is looked at is chosen by whoever may not write, too. */}
            <div className="field-row">
              <label className="field">
                Name
                <input
                  disabled={may !== true}
                  value={fields.name}
                  onChange={({ currentTarget: { value } }) => change({ name: value })}
                />
              </label>
              <ShownAs channel={channel} onChannel={setChannel} />
              <Locales
                mayAdd={may === true}
                locale={locale}
                all={Object.keys(fields.locales)}
                onLocale={setLocale}
              />
            </div>
            <fieldset disabled={may !== true}>
              <ContentEditor
                key={`${channel} ${locale} ${turn}`}
                ws={ws}
                channel={channel}
                content={content as Content}
                onContent={write}
                withMjml
              />
            </fieldset>
            {saving.kind === 'not saved' ? <p className="fault">{saving.why}</p> : null}
            <TestSend
              key={`${channel} ${locale}`}
              ws={ws}
              label="Try it: send it to one address"
              may={mayTest !== true || saving.kind === 'saved' ? mayTest : 'What you wrote is not saved yet.'}
              send={(address) =>
                call('POST', at(ws, `/templates/${template.id}/test`), {
                  body: { channel, address, ...(locale ? { locale } : {}) },
                })
              }
            />
          </section>
          <Preview ws={ws} content={content} channel={channel} locale={locale || undefined} />
        </div>
      </div>
      <Side title="Versions" opened={isOpen} onClose={() => setOpen(false)} size="min(720px, 100%)">
        {isOpen ? (
          <Versions
            ws={ws}
            id={template.id}
            onTake={(version) => {
              put({ content: version.content, locales: version.locales });
              setLocale('');
              setOpen(false);
            }}
          />
        ) : null}
      </Side>
    </div>
  );
}

type ShownAsProps = { channel: ChannelName; onChannel: (channel: ChannelName) => void };

/** The channel on which it is looked at. */
function ShownAs({ channel, onChannel }: ShownAsProps): ReactElement {
  return (
    <label className="field">
      Shown as
      <select value={channel} onChange={({ currentTarget: { value } }) => onChannel(value as ChannelName)}>
        {CHANNELS.map((one) => (
          <option key={one} value={one}>
            {channelName(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** For whom it is written: everybody, or who speaks a language. */
function Locales({
  mayAdd,
  locale,
  all,
  onLocale,
}: {
  mayAdd: boolean;
  locale: string;
  all: readonly string[];
  onLocale: (locale: string) => void;
}): ReactElement {
  const [added, setAdded] = useState<readonly string[]>([]);
  const [isAsked, setAsked] = useState(false);
  const [tag, setTag] = useState('');
  const add = (event: FormEvent) => {
    event.preventDefault();
    if (!TAG.test(tag)) return;
    setAdded([...added, tag]);
    onLocale(tag);
    setAsked(false);
    setTag('');
  };
  return (
    <>
      <label className="field">
        Language
        <select
          value={locale}
          onChange={({ currentTarget: { value } }) => (value === '+' ? setAsked(true) : onLocale(value))}
        >
          <option value="">everybody else</option>
          {[...new Set([...all, ...added])].map((one) => (
            <option key={one}>{one}</option>
          ))}
          {mayAdd ? <option value="+">Add a language …</option> : null}
        </select>
      </label>
      <Dialog title="Add a language" opened={isAsked} onClose={() => setAsked(false)}>
        <form className="form" onSubmit={add}>
          <label className="field">
            Language tag, such as nl or pt-BR
            <input
              data-autofocus
              value={tag}
              onChange={({ currentTarget }) => setTag(currentTarget.value.trim())}
            />
            {tag === '' || TAG.test(tag) ? null : (
              <span className="fault">
                A language tag has two or three letters, and a region after a dash.
              </span>
            )}
          </label>
          <button type="submit" className="primary" aria-disabled={!TAG.test(tag) || undefined}>
            Add it
          </button>
        </form>
      </Dialog>
    </>
  );
}

function Remove({ ws, id }: { ws: string; id: string }): ReactElement {
  const may = useMay('content.write');
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const remove = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/templates/${id}`)),
    onSuccess() {
      toast('The template is deleted.');
      void client.invalidateQueries({ queryKey: [ws, 'templates'] });
      void navigate({ to: '/w/$ws/templates', params: { ws } });
    },
    onError: toastError,
  });
  return (
    <Act size="compact-sm" may={may} busy={remove.isPending} onAct={() => remove.mutate()}>
      Delete
    </Act>
  );
}
