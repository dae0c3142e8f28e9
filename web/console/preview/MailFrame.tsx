/**
 * HTML of a mail as a mail client would show it: in a frame that knows nothing of the page around it. The server gives it back under a
 * policy of its own, since a frame without an address would have the page's, which takes its styles away.
 */
import { useEffect, useId, useRef, type ReactElement } from 'react';
import { MAIL_FRAME_PATH } from '../../../contract/preview.ts';

/** The frame. Pictures of others are fetched only when `pictures` says so. */
export function MailFrame({
  html,
  pictures = false,
  title = 'The mail',
}: {
  html: string;
  pictures?: boolean;
  title?: string;
}): ReactElement {
  // A frame that is new takes no place among the pages one goes back to.
  return <Frame key={`${pictures} ${html}`} html={html} pictures={pictures} title={title} />;
}

function Frame({ html, pictures, title }: { html: string; pictures: boolean; title: string }): ReactElement {
  const name = useId();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.submit(), []);
  return (
    <>
      <form ref={form} method="post" action={MAIL_FRAME_PATH} target={name} hidden>
        <input type="hidden" name="html" value={html} />
        <input type="hidden" name="pictures" value={pictures ? 'yes' : 'no'} />
      </form>
      <iframe className="mail-frame" name={name} title={title} sandbox="" />
    </>
  );
}
