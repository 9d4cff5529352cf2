import type { Conflict, Flow, Settee } from '../client-sync/index.ts';
import { useState } from 'react';
import { ErrorLine } from './error-line.tsx';
import { useAction, useWatch } from './use-live.ts';

const none: Conflict[] = [];

/** Flows that two devices changed apart: both sides, and the three ways to settle it. */
export function ConflictList({ settee }: { settee: Settee }) {
  const conflicts = useWatch(none, (listener) => settee.conflicts.watch(listener), [settee]);
  if (conflicts.length === 0) return null;
  return (
    <section aria-label="Conflicts">
      <h2>Changed in two places</h2>
      <div className="stack">
        {conflicts.map((conflict) => (
          <ConflictRow key={conflict.flowId} settee={settee} conflict={conflict} />
        ))}
      </div>
    </section>
  );
}

function ConflictRow({ settee, conflict }: { settee: Settee; conflict: Conflict }) {
  const { error, busy, run } = useAction();
  const [merging, setMerging] = useState(false);
  const { local, server } = conflict;
  const resolve = (choice: Parameters<Settee['conflicts']['resolve']>[1]) =>
    run(() => settee.conflicts.resolve(conflict.flowId, choice));
  return (
    <div className="conflict stack" data-conflict={conflict.flowId}>
      <strong>{(local ?? server)?.name}</strong>
      <div className="sides">
        <Side title="This device" flow={local} />
        <Side title="Server" flow={server} />
      </div>
      <div className="row">
        <button type="button" disabled={busy} onClick={() => resolve({ keep: 'local' })}>
          Keep local
        </button>
        <button type="button" disabled={busy} onClick={() => resolve({ keep: 'server' })}>
          Keep server
        </button>
        {local && server && (
          <button type="button" disabled={busy} onClick={() => setMerging(!merging)}>
            Merge…
          </button>
        )}
      </div>
      {merging && local && server && (
        <FieldMerge local={local} server={server} onMerged={(merged) => resolve({ merged })} />
      )}
      <ErrorLine error={error} />
    </div>
  );
}

function Side({ title, flow }: { title: string; flow: Flow | null }) {
  return (
    <div>
      <span className="quiet">{title}</span>
      {flow ? (
        <pre>{`${flow.name}\n${flow.description ?? ''}\n${flow.flow.nodes.length} nodes, ${new Date(flow.updatedAt).toLocaleString()}`}</pre>
      ) : (
        <pre>deleted</pre>
      )}
    </div>
  );
}

type Side = 'local' | 'server';

/** Takes each differing field from one side or the other. */
function FieldMerge({
  local,
  server,
  onMerged,
}: {
  local: Flow;
  server: Flow;
  onMerged: (merged: Flow) => void;
}) {
  const differing = differingFields(local, server);
  const [sides, setSides] = useState<Record<string, Side>>({});
  const merge = () => {
    const taken = differing.map((field) => [field, (sides[field] === 'server' ? server : local)[field]]);
    onMerged({ ...local, ...(Object.fromEntries(taken) as Partial<Flow>) });
  };
  return (
    <fieldset className="stack">
      <legend>Take each field from</legend>
      {differing.map((field) => (
        <label key={field}>
          {field}
          <select
            value={sides[field] ?? 'local'}
            onChange={(event) => setSides({ ...sides, [field]: event.target.value as Side })}
          >
            <option value="local">this device</option>
            <option value="server">the server</option>
          </select>
        </label>
      ))}
      <button type="button" className="primary" onClick={merge}>
        Save the merged flow
      </button>
    </fieldset>
  );
}

const notAChoice = new Set<string>(['id', 'revision', 'updatedAt', 'lastModifiedOnDevice', 'lastAccessedAt']);

function differingFields(local: Flow, server: Flow): (keyof Flow)[] {
  const fields = new Set([...Object.keys(local), ...Object.keys(server)]);
  return [...fields].filter(
    (field) => !notAChoice.has(field) && JSON.stringify(local[field]) !== JSON.stringify(server[field]),
  );
}
