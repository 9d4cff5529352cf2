import type { Settee, Template } from '../client-sync/index.ts';
import { useState } from 'react';
import { ErrorLine } from './error-line.tsx';
import { useAction } from './use-live.ts';

/** Public flows, most used first; using one makes a flow of one's own from it. */
export function TemplateList({ settee, onOpen }: { settee: Settee; onOpen: (flowId: string) => void }) {
  const [templates, setTemplates] = useState<Template[] | null>(null);
  const { error, busy, run } = useAction();
  const look = () => run(async () => setTemplates((await settee.flows.templates.list()).templates));
  const use = (id: string) =>
    run(async () => {
      const flow = await settee.flows.templates.use(id);
      onOpen(flow.id);
    });
  return (
    <section aria-label="Templates">
      <div className="row">
        <h2>Templates</h2>
        <button type="button" disabled={busy} onClick={look}>
          {templates === null ? 'Show' : 'Refresh'}
        </button>
      </div>
      {templates?.length === 0 && <p className="quiet">Nobody has published one yet.</p>}
      <ul>
        {templates?.map((template) => (
          <li key={template.id} className="row" data-template={template.id}>
            <span>{template.name}</span>
            <span className="quiet">{template.popularity > 0 && `used ${template.popularity} times`}</span>
            <button
              type="button"
              disabled={busy}
              aria-label={`Use ${template.name}`}
              onClick={() => use(template.id)}
            >
              Use
            </button>
          </li>
        ))}
      </ul>
      <ErrorLine error={error} />
    </section>
  );
}
