/** What somebody has on the device: a plain frame around what the channel shows. */
import type { ReactElement, ReactNode } from 'react';
import type { Content } from '../../../contract/content.ts';
import type { RenderShown } from '../../../contract/doors/console/render.ts';
import { ContentView } from '../../shared/content.tsx';
import { channelName } from '../../shared/icons.tsx';
import { MailFrame } from './MailFrame.tsx';

type Shown = {
  text?: string;
  subject?: string;
  html?: string;
  title?: string;
  body?: string;
  say?: string;
  from?: string;
  imageUrl?: string;
  actions?: { id: string; title: string }[];
  gather?: { digits: number; prompt?: string };
  payload?: unknown;
};

/** The device. */
export function Screen({ rendered }: { rendered: RenderShown | undefined }): ReactElement {
  const channel = rendered?.channel ?? 'sms';
  const shown = rendered?.shown as Shown | null | undefined;
  if (!rendered || !shown)
    return (
      <Device channel={channel}>
        <p className="muted">{rendered ? 'Nothing can be shown; see what is wrong.' : '…'}</p>
      </Device>
    );
  if (channel === 'email') return <Mail shown={shown} />;
  return (
    <Device channel={channel}>
      {channel === 'push' ? (
        <Push shown={shown} />
      ) : channel === 'voice' ? (
        <Spoken shown={shown} />
      ) : channel === 'webhook' ? (
        <pre tabIndex={0}>{JSON.stringify(shown.payload, null, 2)}</pre>
      ) : (
        <div className="device-bubble">
          {channel === 'sms' ? (
            <span className="said">{shown.text}</span>
          ) : (
            <ContentView content={rendered.content as Content} />
          )}
        </div>
      )}
    </Device>
  );
}

function Device({ channel, children }: { channel: string; children: ReactNode }): ReactElement {
  return (
    <figure className="device" aria-label={`As ${channelName(channel)}`}>
      <figcaption>{channelName(channel)}</figcaption>
      <div className="device-screen">{children}</div>
    </figure>
  );
}

function Push({ shown }: { shown: Shown }): ReactElement {
  return (
    <div className="device-push">
      <strong>{shown.title ?? 'The app'}</strong>
      <span className="said">{shown.body}</span>
      {shown.imageUrl ? <img className="picture" src={shown.imageUrl} alt="" /> : null}
      {shown.actions?.length ? (
        <ul className="actions">
          {shown.actions.map(({ id, title }) => (
            <li key={id}>{title}</li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function Spoken({ shown }: { shown: Shown }): ReactElement {
  return (
    <div className="device-push">
      <strong>Spoken</strong>
      <span className="said">“{shown.say}”</span>
      {shown.gather ? <span className="muted">Then {shown.gather.digits} digits are waited for.</span> : null}
    </div>
  );
}

function Mail({ shown }: { shown: Shown }): ReactElement {
  return (
    <figure className="device device-mail" aria-label="As mail">
      <figcaption>
        <strong>{shown.subject}</strong>
        {shown.from ? <span className="muted">{shown.from}</span> : null}
      </figcaption>
      {shown.html === undefined ? (
        <pre className="device-plain" tabIndex={0}>
          {shown.text}
        </pre>
      ) : (
        <MailFrame html={shown.html} />
      )}
    </figure>
  );
}
