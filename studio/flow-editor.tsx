import type { Flow, FlowVersion, Settee, SpaceSummary } from '../client-sync/index.ts';
import { useCallback, useEffect, useState } from 'react';
import { ShareForm } from './share-form.tsx';
import { useAction, useWatch } from './use-live.ts';

/** Edits one flow: its name and description save themselves, its graph on request; versions below. */
export function FlowEditor({
  settee,
  flowId,
  onClose,
}: {
  settee: Settee;
  flowId: string;
  onClose: () => void;
}) {
  const flow = useWatch<Flow | null>(null, (listener) => settee.flows.watchOne(flowId, listener), [
    settee,
    flowId,
  ]);
  const spaces = useWatch<SpaceSummary[]>([], (listener) => settee.spaces.watch(listener), [settee]);
  const mayOnlyRead = spaces.find(({ id }) => id === flow?.spaceId)?.role === 'viewer';
  return (
    <section aria-label="Flow">
      <div className="row">
        <h2>{flow?.name ?? 'Flow'}</h2>
        <button type="button" onClick={onClose}>
          Back to the list
        </button>
      </div>
      {mayOnlyRead && <p className="quiet">You may read this flow and not change it.</p>}
      {flow && (
        <fieldset className="stack plain" disabled={mayOnlyRead}>
          <Fields settee={settee} flow={flow} />
          <Graph settee={settee} flow={flow} />
        </fieldset>
      )}
      {flow && <ShareForm settee={settee} flow={flow} />}
      {flow && <Versions settee={settee} flow={flow} />}
    </section>
  );
}

function Fields({ settee, flow }: { settee: Settee; flow: Flow }) {
  const [autosave] = useState(() => settee.flows.autosave(flow.id));
  const [saving, setSaving] = useState(autosave.state());
  const [draft, setDraft] = useState<{ name?: string; description?: string }>({});
  useEffect(() => {
    const unsubscribe = autosave.subscribe((state) => {
      setSaving(state);
      if (state === 'saved') setDraft({});
    });
    return () => {
      unsubscribe();
      void autosave.close();
    };
  }, [autosave]);
  const change = (patch: { name?: string; description?: string }) => {
    setDraft({ ...draft, ...patch });
    if (patch.name?.trim() !== '') autosave.change(patch);
  };
  return (
    <div className="stack">
      <label>
        Name
        <input
          value={draft.name ?? flow.name}
          maxLength={255}
          onChange={(event) => change({ name: event.target.value })}
        />
      </label>
      <label>
        Description
        <input
          value={draft.description ?? flow.description ?? ''}
          onChange={(event) => change({ description: event.target.value })}
        />
      </label>
      <span className="quiet" aria-label="Autosave" data-state={saving}>
        {saving === 'idle' ? 'Changes save themselves after two seconds.' : `Autosave: ${saving}`}
      </span>
    </div>
  );
}

function Graph({ settee, flow }: { settee: Settee; flow: Flow }) {
  const [text, setText] = useState<string | null>(null);
  const { error, run } = useAction();
  const save = () =>
    run(async () => {
      if (text === null) return;
      await settee.flows.save({ ...flow, flow: JSON.parse(text) as Flow['flow'] });
      setText(null);
    });
  return (
    <div className="stack">
      <label>
        Graph ({flow.flow.nodes.length} nodes, {flow.flow.edges.length} edges)
        <textarea
          spellCheck={false}
          value={text ?? JSON.stringify(flow.flow, null, 2)}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <div className="row">
        <button type="button" className="primary" disabled={text === null} onClick={save}>
          Save graph
        </button>
        {error && (
          <span role="alert" className="error">
            {error}
          </span>
        )}
      </div>
    </div>
  );
}

function Versions({ settee, flow }: { settee: Settee; flow: Flow }) {
  const [versions, setVersions] = useState<FlowVersion[]>([]);
  const { error, run } = useAction();
  const refresh = useCallback(
    async () => setVersions(await settee.versions.list(flow.id)),
    [settee, flow.id],
  );
  useEffect(() => {
    run(refresh);
  }, [run, refresh, flow]);
  const then = (action: Promise<unknown>) => run(() => action.then(refresh));
  return (
    <div className="stack">
      <div className="row">
        <strong>Versions</strong>
        <button type="button" onClick={() => then(settee.versions.save(flow.id))}>
          Save this version
        </button>
        {error && <span className="error">{error}</span>}
      </div>
      <ul aria-label="Versions">
        {versions.map((version) => (
          <li key={version.id} className="row">
            <span>
              {version.flow.name} · {new Date(version.flow.updatedAt).toLocaleString()} ·{' '}
              {version.flow.flow.nodes.length} nodes
            </span>
            <button type="button" onClick={() => then(settee.versions.restore(flow.id, version.id))}>
              Restore
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
