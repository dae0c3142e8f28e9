/** A mail client: the list beside the reader, the mail as it looks, as text and as source, in two widths; its pictures when one wants them. */
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { DeviceMessageShown } from '../../contract/doors/console/simulator.ts';
import { call } from '../console/api/call.ts';
import { at } from '../console/api/queries.ts';
import { MailFrame } from '../console/preview/MailFrame.tsx';
import { toastError } from '../console/ui/toasts.tsx';
import { Ago } from '../shared/time.tsx';
import { Answer } from './Answer.tsx';
import { SentFiles } from './SentFiles.tsx';
import { headersOf, leaveUrlOf, shownOf, subjectOf } from './shown.ts';
import type { Address } from './Simulator.tsx';

type Props = {
  ws: string;
  device: Address;
  messages: readonly DeviceMessageShown[];
  onOpen: (id: string) => void;
};

/** The mailbox. */
export function Mailbox({ ws, device, messages, onOpen }: Props): ReactElement {
  const [chosen, setChosen] = useState<string>();
  const newest = [...messages].reverse();
  const open = newest.find(({ id }) => id === chosen);
  return (
    <div className="mailbox">
      <ul className="mails" aria-label={`Mail of ${device.address}`}>
        {newest.map(({ id, content, direction, at: when }) => (
          <li key={id}>
            <button
              type="button"
              aria-pressed={id === chosen}
              onClick={() => {
                setChosen(id);
                if (direction === 'out') onOpen(id);
              }}
            >
              <strong>{subjectOf(content) || '(no subject)'}</strong>
              <span>
                {direction === 'in' ? 'Sent' : 'Received'} · <Ago at={when} />
              </span>
            </button>
          </li>
        ))}
        {newest.length === 0 ? <li className="muted">No mail has arrived at {device.address} yet.</li> : null}
      </ul>
      {open ? (
        <Reader key={open.id} ws={ws} device={device} message={open} />
      ) : (
        <p className="muted mail">Open a mail to read it.</p>
      )}
    </div>
  );
}

type As = 'html' | 'text' | 'headers' | 'source';

function Reader({
  ws,
  device,
  message,
}: Pick<Props, 'ws' | 'device'> & { message: DeviceMessageShown }): ReactElement {
  const { content, direction } = message;
  const html = typeof content['html'] === 'string' ? content['html'] : undefined;
  const [as, setAs] = useState<As>(html === undefined ? 'text' : 'html');
  const [isNarrow, setNarrow] = useState(false);
  const [pictures, setPictures] = useState(false);
  const subject = subjectOf(content);
  const headers = headersOf(content);
  const views: As[] = [
    ...(html === undefined ? [] : ['html' as const]),
    'text',
    ...(headers ? ['headers' as const] : []),
    'source',
  ];
  return (
    <article className="mail">
      <h2>{subject || '(no subject)'}</h2>
      {direction === 'out' ? (
        <p className="mail-tools">
          <Leave url={leaveUrlOf(content)} />
          <ReportSpam ws={ws} id={message.id} />
        </p>
      ) : null}
      <div className="mail-tools">
        <div className="switch" role="group" aria-label="How it is shown">
          {views.map((one) => (
            <button key={one} type="button" aria-pressed={as === one} onClick={() => setAs(one)}>
              {{ html: 'HTML', text: 'Text', headers: 'Headers', source: 'Source' }[one]}
            </button>
          ))}
        </div>
        {as === 'html' ? (
          <>
            <div className="switch" role="group" aria-label="Width">
              <button type="button" aria-pressed={isNarrow} onClick={() => setNarrow(true)}>
                360
              </button>
              <button type="button" aria-pressed={!isNarrow} onClick={() => setNarrow(false)}>
                680
              </button>
            </div>
            <button
              type="button"
              className="chip"
              aria-pressed={pictures}
              onClick={() => setPictures(!pictures)}
            >
              Load pictures
            </button>
          </>
        ) : null}
      </div>
      {as === 'html' && html !== undefined ? (
        <div className="mail-width" data-narrow={isNarrow || undefined}>
          <MailFrame html={html} pictures={pictures} title={subject ?? 'The mail'} />
        </div>
      ) : (
        <pre tabIndex={0}>
          {as === 'source' ? JSON.stringify(content, null, 2) : as === 'headers' ? headers : shownOf(content)}
        </pre>
      )}
      <SentFiles content={content} />
      {direction === 'out' ? <Answer ws={ws} device={device} subject={subject ?? ''} /> : null}
    </article>
  );
}

/** The button that mail programs show above a mail that can be left: one POST, which asks nobody again. */
function Leave({ url }: { url: string | undefined }): ReactElement | null {
  const leave = useMutation({
    async mutationFn(from: string) {
      const answer = await fetch(new URL(from).pathname, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'List-Unsubscribe=One-Click',
      });
      if (!answer.ok) throw new Error(`It was answered with ${answer.status}.`);
    },
    onError: toastError,
  });
  if (url === undefined) return null;
  return (
    <span>
      {leave.isSuccess ? (
        <span role="status">Unsubscribed, as the mail program asked.</span>
      ) : (
        <button type="button" className="chip" disabled={leave.isPending} onClick={() => leave.mutate(url)}>
          Unsubscribe
        </button>
      )}
    </span>
  );
}

/** The button that mail programs have for spam: the provider tells whoever sent it, which is a no to what is like it. */
function ReportSpam({ ws, id }: { ws: string; id: string }): ReactElement {
  const report = useMutation({
    mutationFn: () => call('POST', at(ws, `/simulator/messages/${id}/complain`)),
    onError: toastError,
  });
  return (
    <span>
      {report.isSuccess ? (
        <span role="status">Reported as spam; its sender is told.</span>
      ) : (
        <button type="button" className="chip" disabled={report.isPending} onClick={() => report.mutate()}>
          Report spam
        </button>
      )}
    </span>
  );
}
