/** What is said with a link to the web chat, and what the link is called: the workspace's words, as the operator changes them. */
import { useState, type FormEvent, type ReactElement } from 'react';
import type { WayShown } from '../../../../contract/doors/console/inbox.ts';
import { LIMITS } from '../../../../contract/limits.ts';
import { USUAL_WEBCHAT_OFFER } from '../../../../contract/webchatOffer.ts';
import { channelName } from '../../../shared/icons.tsx';
import { useHere } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';

type Props = {
  /** What was written already. */
  written: string;
  way: WayShown;
  onOffer: (said: { text: string; label: string }) => void;
  onClose: () => void;
};

/** The dialog. */
export function OfferWebchat({ written, way, onOffer, onClose }: Props): ReactElement {
  const usually = useHere().settings.webchatOffer ?? USUAL_WEBCHAT_OFFER;
  const [text, setText] = useState(written || usually.text);
  const [label, setLabel] = useState(usually.label);
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (text.trim() && label.trim()) onOffer({ text: text.trim(), label: label.trim() });
  };
  return (
    <Dialog title="Offer the web chat" opened onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <label className="field">
          What is said
          <textarea
            data-autofocus
            rows={4}
            maxLength={LIMITS.text}
            value={text}
            onChange={({ currentTarget: { value } }) => setText(value)}
          />
        </label>
        <label className="field">
          What the link is called
          <input
            maxLength={LIMITS.label}
            value={label}
            onChange={({ currentTarget: { value } }) => setLabel(value)}
          />
        </label>
        <p className="muted">
          The link comes after it, by {channelName(way.channel)} to {way.displayName ?? way.address}. It
          brings them along as themselves, and is good for a week.
        </p>
        <Act
          variant="filled"
          may={text.trim() && label.trim() ? true : 'It needs words, and a name for the link.'}
          onAct={submit}
        >
          Send the link
        </Act>
      </form>
    </Dialog>
  );
}
