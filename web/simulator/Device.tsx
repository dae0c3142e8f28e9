/** One device: a phone with messages, pushes or a call, or a mailbox. What a person does with it goes the way that providers tell of it. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import { segments } from '../../contract/smsSegments.ts';
import type { DeviceMessageShown } from '../../contract/doors/console/simulator.ts';
import { channelIcon, channelName, Icon } from '../shared/icons.tsx';
import { clockText, useNow } from '../shared/time.tsx';
import { call } from '../console/api/call.ts';
import { at, deviceQuery } from '../console/api/queries.ts';
import { DeliveryState } from '../console/pages/inbox/delivery.tsx';
import { Failed, Waiting } from '../console/ui/states.tsx';
import { Answer, useReply } from './Answer.tsx';
import { Call } from './Call.tsx';
import { Mailbox } from './Mail.tsx';
import { Pushes } from './Pushes.tsx';
import { Rules } from './Rules.tsx';
import { choicesIn, placeOf, shownOf, subjectOf } from './shown.ts';
import { SentFiles } from './SentFiles.tsx';
import type { Address } from './Simulator.tsx';

type Props = { ws: string; device: Address };

/** Channels that cannot be answered on. */
const ONE_WAY = new Set(['push', 'webhook']);

/** The device. */
export function Device({ ws, device }: Props): ReactElement {
  const { channel, address } = device;
  const { data, error, refetch } = useQuery(deviceQuery(ws, channel, address));
  const read = useRead(ws, device, data?.messages ?? []);
  useLook(ws, device, data?.messages.at(-1)?.id);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const messages = data.messages;
  return (
    <>
      <Rules ws={ws} device={device} />
      {channel === 'email' ? (
        <Mailbox ws={ws} device={device} messages={messages} onOpen={read} />
      ) : (
        <Phone ws={ws} device={device} messages={messages} onOpen={read} />
      )}
    </>
  );
}

/** Looking at a phone reads what is on it; a mail is read when it is opened. */
function useRead(ws: string, { channel }: Address, messages: readonly DeviceMessageShown[]) {
  const [done] = useState(() => new Set<string>());
  const read = (id: string) => {
    if (done.has(id)) return;
    done.add(id);
    void call('POST', at(ws, `/simulator/messages/${id}/read`)).catch(() => {});
  };
  useEffect(() => {
    if (channel !== 'whatsapp') return;
    for (const { id, direction } of messages.slice(-5)) if (direction === 'out') read(id);
  });
  return read;
}

/** Whoever shows a device looks at it: what comes meanwhile is not unread. */
function useLook(ws: string, { channel, address }: Address, newest: string | undefined): void {
  useEffect(() => {
    if (newest === undefined) return;
    void call('POST', at(ws, '/simulator/look'), { body: { channel, address } }).catch(() => {});
  }, [ws, channel, address, newest]);
}

type WithMessages = Props & { messages: readonly DeviceMessageShown[] };

function Phone({
  ws,
  device,
  messages,
  onOpen,
}: WithMessages & { onOpen: (id: string) => void }): ReactElement {
  const nowMs = useNow(5_000);
  const { channel, address } = device;
  const screen = useRef<HTMLDivElement>(null);
  const newest = messages.at(-1)?.id;
  // What came last is below; of pushes it is on top.
  useEffect(() => {
    if (newest !== undefined && channel !== 'push') screen.current?.scrollTo(0, screen.current.scrollHeight);
  }, [channel, newest]);
  return (
    <div className="phone" data-channel={channel}>
      <div className="phone-top">
        <span>{clockText(nowMs)}</span>
        <span className="phone-name">
          <Icon name={channelIcon(channel)} size={14} /> {channelName(channel)}
        </span>
      </div>
      <div
        ref={screen}
        className="phone-screen"
        role="log"
        aria-label={`${channelName(channel)} of ${address}`}
        tabIndex={0}
      >
        {messages.length === 0 ? <p className="muted">Nothing has arrived on {address} yet.</p> : null}
        {channel === 'push' ? (
          <Pushes messages={messages} onOpen={onOpen} />
        ) : (
          messages.map((message) => <OnPhone key={message.id} ws={ws} device={device} message={message} />)
        )}
      </div>
      {channel === 'voice' ? (
        <Call ws={ws} address={address} messages={messages} onAnswer={() => {}} />
      ) : null}
      {ONE_WAY.has(channel) || channel === 'voice' ? null : <Answer ws={ws} device={device} />}
    </div>
  );
}

type OnPhoneProps = Props & { message: DeviceMessageShown };

function OnPhone({ ws, device, message }: OnPhoneProps): ReactElement {
  const reply = useReply(ws, device);
  const { direction, content } = message;
  const choices = choicesIn(content);
  const subject = subjectOf(content);
  const pieces = device.channel === 'sms' && direction === 'out' ? segments(shownOf(content)).count : 1;
  return (
    <article className="sim-message" data-mine={direction === 'in' || undefined}>
      {subject ? <strong>{subject}</strong> : null}
      <span className="said">{shownOf(content) || placeOf(content)}</span>
      <SentFiles content={content} />
      {choices.length && direction === 'out' ? (
        <div className="sim-choices">
          {choices.map(({ title, payload }) => (
            <button
              key={title}
              type="button"
              onClick={() => reply.mutate({ text: title, payload, asReplyTo: message.id })}
            >
              {title}
            </button>
          ))}
        </div>
      ) : null}
      <time dateTime={message.at}>
        {clockText(Date.parse(message.at))}
        {pieces > 1 ? ` · ${pieces} segments` : ''}
        {device.channel === 'whatsapp' && message.state ? (
          <span title="What whoever sent it sees">
            <DeliveryState delivery={{ state: message.state }} />
          </span>
        ) : null}
      </time>
    </article>
  );
}
