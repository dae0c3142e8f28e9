/** One device: a phone with messages, pushes or a call, or a mailbox. What a person does with it goes the way that providers tell of it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent, type ReactElement } from 'react';
import type { DeviceMessageShown } from '../../contract/doors/console/simulator.ts';
import { channelIcon, channelName, Icon } from '../shared/icons.tsx';
import { Ago, clockText, useNow } from '../shared/time.tsx';
import { call } from '../console/api/call.ts';
import { at, deviceQuery } from '../console/api/queries.ts';
import { Failed, Waiting } from '../console/ui/states.tsx';
import { toastError } from '../console/ui/toasts.tsx';
import { choicesIn, shownOf, subjectOf } from './shown.ts';
import type { Address } from './Simulator.tsx';

type Props = { ws: string; device: Address };

/** Channels that cannot be answered on. */
const ONE_WAY = new Set(['push', 'webhook']);

/** The device. */
export function Device({ ws, device }: Props): ReactElement {
  const { channel, address } = device;
  const { data, error, refetch } = useQuery(deviceQuery(ws, channel, address));
  const read = useRead(ws, device, data?.messages ?? []);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  if (channel === 'email') return <Mailbox ws={ws} device={device} messages={data.messages} onOpen={read} />;
  return <Phone ws={ws} device={device} messages={data.messages} />;
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

type WithMessages = Props & { messages: readonly DeviceMessageShown[] };

function Phone({ ws, device, messages }: WithMessages): ReactElement {
  const nowMs = useNow(5_000);
  const { channel, address } = device;
  return (
    <div className="phone" data-channel={channel}>
      <div className="phone-top">
        <span>{clockText(nowMs)}</span>
        <span className="phone-name">
          <Icon name={channelIcon(channel)} size={14} /> {channelName(channel)}
        </span>
      </div>
      <div
        className="phone-screen"
        role="log"
        aria-label={`${channelName(channel)} of ${address}`}
        tabIndex={0}
      >
        {messages.length === 0 ? <p className="muted">Nothing has arrived on {address} yet.</p> : null}
        {messages.map((message) => (
          <OnPhone key={message.id} ws={ws} device={device} message={message} />
        ))}
      </div>
      {channel === 'voice' ? <KeyPad ws={ws} address={address} /> : null}
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
  return (
    <article className="sim-message" data-mine={direction === 'in' || undefined}>
      {device.channel === 'push' ? (
        <span className="sim-app">
          <Icon name="bell" size={14} /> <Ago at={message.at} />
        </span>
      ) : null}
      {subject ? <strong>{subject}</strong> : null}
      <span className="said">{shownOf(content)}</span>
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
      <time dateTime={message.at}>{clockText(Date.parse(message.at))}</time>
    </article>
  );
}

type Reply = { text: string; payload?: string; subject?: string; asReplyTo?: string };

function useReply(ws: string, { channel, address, integrationId }: Address) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reply: Reply) =>
      call('POST', at(ws, '/simulator/reply'), {
        body: { channel, address, ...(integrationId === null ? {} : { integrationId }), ...reply },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'device', channel, address] }),
    onError: toastError,
  });
}

function Answer({ ws, device, subject }: Props & { subject?: string }): ReactElement {
  const [text, setText] = useState('');
  const reply = useReply(ws, device);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim())
      reply.mutate(
        { text: text.trim(), ...(subject === undefined ? {} : { subject: `Re: ${subject}` }) },
        { onSuccess: () => setText('') },
      );
  };
  return (
    <form className="phone-answer" onSubmit={submit}>
      <input
        aria-label={`Answer as ${device.address}`}
        placeholder="Answer as this person …"
        value={text}
        onChange={({ currentTarget: { value } }) => setText(value)}
      />
      <button type="submit" aria-label="Send the answer" disabled={reply.isPending}>
        <Icon name="send" size={18} />
      </button>
      {device.channel === 'sms' ? (
        <button type="button" className="chip" onClick={() => reply.mutate({ text: 'STOP' })}>
          STOP
        </button>
      ) : null}
    </form>
  );
}

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

function KeyPad({ ws, address }: { ws: string; address: string }): ReactElement {
  const client = useQueryClient();
  const press = useMutation({
    mutationFn: (keys: string) => call('POST', at(ws, '/simulator/press'), { body: { address, keys } }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'device', 'voice', address] }),
    onError: toastError,
  });
  return (
    <div className="key-pad" role="group" aria-label="Key pad of the last call">
      {KEYS.map((key) => (
        <button key={key} type="button" onClick={() => press.mutate(key)}>
          {key}
        </button>
      ))}
    </div>
  );
}

function Mailbox({
  ws,
  device,
  messages,
  onOpen,
}: WithMessages & { onOpen: (id: string) => void }): ReactElement {
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
        <article className="mail">
          <h2>{subjectOf(open.content) || '(no subject)'}</h2>
          <pre tabIndex={0}>{shownOf(open.content)}</pre>
          {open.direction === 'out' ? (
            <Answer ws={ws} device={device} subject={subjectOf(open.content) ?? ''} />
          ) : null}
        </article>
      ) : (
        <p className="muted mail">Open a mail to read it.</p>
      )}
    </div>
  );
}
