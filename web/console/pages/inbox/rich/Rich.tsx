/** What else than text is answered: buttons, cards, a form, a place, a template; beside it as its channel shows it. */
import { Button } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import type { Content } from '../../../../../contract/content.ts';
import type { WayShown } from '../../../../../contract/doors/console/inbox.ts';
import { channelName, Icon } from '../../../../shared/icons.tsx';
import '../../../styles/broadcasts.css';
import { Problems } from '../../../preview/Preview.tsx';
import { useRender } from '../../../preview/render.ts';
import { Screen } from '../../../preview/Screen.tsx';
import { Dialog } from '../../../ui/overlays.tsx';
import type { Kind } from '../Composer.tsx';
import { Editor } from './Editor.tsx';
import { contentOf, newWritten, type Written } from './said.ts';
import { Templates } from './Templates.tsx';

const TITLES: Readonly<Record<Kind, string>> = {
  buttons: 'A text with buttons',
  card: 'A card',
  carousel: 'A carousel',
  form: 'A form',
  location: 'A place',
  template: 'A WhatsApp template',
};

type Props = {
  ws: string;
  kind: Kind;
  way: WayShown;
  contactId: string;
  text: string;
  onSend: (content: Content) => void;
  onClose: () => void;
};

/** The dialog. */
export function Rich(props: Props): ReactElement {
  const { ws, kind, way, onSend, onClose } = props;
  return (
    <Dialog title={TITLES[kind]} opened onClose={onClose} size={860}>
      {kind === 'template' ? (
        <Templates ws={ws} integrationId={way.integrationId} onSend={onSend} />
      ) : (
        <Written {...props} kind={kind} />
      )}
    </Dialog>
  );
}

function Written({
  ws,
  kind,
  way,
  contactId,
  text,
  onSend,
}: Props & { kind: Exclude<Kind, 'template'> }): ReactElement {
  const [written, setWritten] = useKept(`parley.rich.${contactId}`, text);
  const content = contentOf(kind, written);
  const seer = { contactId, name: '' };
  const { data, error } = useRender(ws, { content, channel: way.channel, seer });
  const isBroken = data?.problems.some(({ severity }) => severity === 'error') ?? true;
  const off = way.reason !== null || isBroken;
  return (
    <div className="rich">
      <div className="rich-form">
        <Editor kind={kind} written={written} onWritten={setWritten} />
      </div>
      <section className="preview" aria-label="Preview">
        <Screen rendered={data} />
        {error ? <p className="fault">{error.message}</p> : null}
        {data ? <Problems problems={data.problems} /> : null}
      </section>
      <div className="rich-end">
        <span className="muted grow">{way.reason ?? `As ${channelName(way.channel)} shows it`}</span>
        <Button
          leftSection={<Icon name="send" size={16} />}
          aria-disabled={off || undefined}
          data-off={off || undefined}
          onClick={() => {
            if (off) return;
            setWritten(undefined);
            onSend(content);
          }}
        >
          Send
        </Button>
      </div>
    </div>
  );
}

/** What is written stays, for this person, until it is sent. */
function useKept(key: string, text: string): [Written, (next: Written | undefined) => void] {
  const [written, setWritten] = useState<Written>(() => {
    const kept = sessionStorage.getItem(key);
    return kept ? (JSON.parse(kept) as Written) : newWritten(text);
  });
  return [
    written,
    (next) => {
      if (next === undefined) return sessionStorage.removeItem(key);
      setWritten(next);
      sessionStorage.setItem(key, JSON.stringify(next));
    },
  ];
}
