/** The web chat on a page: what to copy, and the chat itself, opened as a visitor has it. */
import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Static } from 'typebox';
import type { ChatOpened } from '../../../../contract/doors/console/simulator.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { toast } from '../../ui/toasts.tsx';
import { Copy } from '../developers/Copy.tsx';
import { chatLink, chatSnippet } from './snippet.ts';

/** The panel. */
export function WebChat({ ws }: { ws: string }): ReactElement {
  const snippet = chatSnippet(location.origin, ws);
  return (
    <section className="panel" aria-label="On your page">
      <h2>On your page</h2>
      <p>
        Somebody comes by a link in a message and is known at once: the conversation goes on where it was.
        Parley’s own page needs nothing; put its address into a link action.
      </p>
      <Copy label="Address of a link action" text={chatLink(location.origin, ws)} />
      <p>
        Or put the chat on a page of yours, and the page’s address with <code>{'?id={authuser}'}</code> and{' '}
        <code>{'&token={authtoken}'}</code> into the link:
      </p>
      <pre className="code mono" tabIndex={0} aria-label="The chat for your page">
        {snippet}
      </pre>
      <div className="card-acts">
        <button
          type="button"
          className="chip"
          onClick={() =>
            void navigator.clipboard.writeText(snippet).then(() => toast('The chat for your page: copied.'))
          }
        >
          Copy
        </button>
      </div>
      <TryIt ws={ws} />
    </section>
  );
}

/** Opens the page that every visitor gets, as somebody who is made for it. Test workspaces only. */
function TryIt({ ws }: { ws: string }): ReactElement {
  const { environment } = useHere();
  const may = useMay('simulator.use');
  const make = useMutation({
    async mutationFn() {
      const visitor = await call<{ id: string }>('POST', at(ws, '/contacts'), {
        body: { givenName: 'Visitor' },
      });
      return await call<Static<typeof ChatOpened>>('POST', at(ws, `/simulator/contacts/${visitor.id}/chat`));
    },
  });
  return (
    <>
      <div className="card-acts">
        <Act
          may={
            environment === 'test'
              ? may
              : 'Somebody is made up for it, which is done in test workspaces only.'
          }
          busy={make.isPending}
          onAct={() => make.mutate()}
        >
          Try it as a visitor
        </Act>
        {make.data ? (
          <a href={make.data.path} target="_blank" rel="noreferrer">
            Open the chat: once, within ten minutes
          </a>
        ) : null}
      </div>
      {make.error ? (
        <p className="fault" role="alert">
          {make.error.message}
        </p>
      ) : null}
    </>
  );
}
