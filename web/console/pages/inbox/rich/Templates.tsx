/** WhatsApp's templates as they are at the provider now; one is chosen and what stands in its braces is filled in. */
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { Content } from '../../../../../contract/content.ts';
import type { ProviderTemplates } from '../../../../../contract/doors/console/integrations.ts';
import { call } from '../../../api/call.ts';
import { at } from '../../../api/queries.ts';
import { Empty, Failed, Waiting } from '../../../ui/states.tsx';

type Template = ProviderTemplates['templates'][number];
type Props = { ws: string; integrationId: string | null; onSend: (content: Content) => void };

/** The choice. */
export function Templates({ ws, integrationId, onSend }: Props): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: [ws, 'provider-templates', integrationId],
    queryFn: ({ signal }) =>
      call<ProviderTemplates>('GET', at(ws, `/integrations/${integrationId}/templates?limit=100`), {
        signal,
      }),
    enabled: integrationId !== null,
  });
  const [chosen, setChosen] = useState<Template>();
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={52} />;
  const approved = data.templates.filter(
    ({ status, name, language }) => status === 'APPROVED' && name && language,
  );
  if (chosen) return <Filled template={chosen} onBack={() => setChosen(undefined)} onSend={onSend} />;
  if (!approved.length)
    return (
      <Empty title="No approved templates">
        <p>Templates are written and approved at WhatsApp; approved ones appear here.</p>
      </Empty>
    );
  return (
    <ul className="template-list">
      {approved.map((template) => (
        <li key={`${template.name} ${template.language}`}>
          <button type="button" onClick={() => setChosen(template)}>
            <strong>{template.name}</strong> <span className="muted">{template.language}</span>
            <span className="said">{bodyOf(template)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function bodyOf({ components = [] }: Template): string {
  const body = components.find(({ type }) => type === 'BODY') as { text?: string } | undefined;
  return body?.text ?? '';
}

/** The names in the braces of a text, in their order, each once. */
function holesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\{\{\s*([\w]+)\s*\}\}/g)].map(([, name]) => name!))];
}

type FilledProps = { template: Template; onBack: () => void; onSend: (content: Content) => void };

function Filled({ template, onBack, onSend }: FilledProps): ReactElement {
  const text = bodyOf(template);
  const holes = holesIn(text);
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const isWhole = holes.every((hole) => values[hole]);
  const parameters = holes.map((hole) => ({
    type: 'text',
    text: values[hole] ?? '',
    ...(/^\d+$/.test(hole) ? {} : { parameter_name: hole }),
  }));
  const said = text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (all, hole: string) => values[hole] || all);
  return (
    <div className="rich-form">
      <p className="said">{said}</p>
      {holes.map((hole) => (
        <TextInput
          key={hole}
          label={`{{${hole}}}`}
          value={values[hole] ?? ''}
          onChange={({ currentTarget: { value } }) => setValues({ ...values, [hole]: value })}
        />
      ))}
      <div className="rich-end">
        <Button variant="default" onClick={onBack}>
          Another template
        </Button>
        <Button
          aria-disabled={!isWhole || undefined}
          data-off={!isWhole || undefined}
          onClick={() =>
            isWhole &&
            onSend({
              type: 'nativeTemplate',
              template: {
                name: template.name!,
                language: { policy: 'deterministic', code: template.language! },
                ...(parameters.length ? { components: [{ type: 'body', parameters }] } : {}),
              },
              text: said,
            } as Content)
          }
        >
          Send the template
        </Button>
      </div>
    </div>
  );
}
