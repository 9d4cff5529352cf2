import type { Flow, FlowListResult, Settee, SpaceSummary } from '../client-sync/index.ts';
import { type DragEvent, useState } from 'react';
import { ErrorLine } from './error-line.tsx';
import { readFlowFile } from './read-flow-file.ts';
import { useAction, useWatch } from './use-live.ts';

const pageSize = 50;
const nothing: FlowListResult = { flows: [], total: 0 };

/** The flows of this person, searched and live; files dropped here become flows. */
export function FlowList({ settee, onOpen }: { settee: Settee; onOpen: (flowId: string) => void }) {
  const [search, setSearch] = useState('');
  const [limit, setLimit] = useState(pageSize);
  const [deleted, setDeleted] = useState(false);
  const { flows, total } = useWatch(
    nothing,
    (listener) => settee.flows.watch({ search, limit, deleted }, listener),
    [settee, search, limit, deleted],
  );
  const spaces = useWatch<SpaceSummary[]>([], (listener) => settee.spaces.watch(listener), [settee]);
  const { error, run } = useAction();
  const create = () =>
    run(async () => {
      const flow = await settee.flows.save({ name: 'New flow', flow: { nodes: [], edges: [] } });
      onOpen(flow.id);
    });
  return (
    <section aria-label="Flows">
      <div className="row">
        <h2>
          Flows <span className="quiet">{total}</span>
        </h2>
        <input
          type="search"
          aria-label="Search flows"
          placeholder="Search"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <button type="button" onClick={create}>
          New flow
        </button>
        <button type="button" aria-pressed={deleted} onClick={() => setDeleted(!deleted)}>
          {deleted ? 'Show flows' : 'Show deleted'}
        </button>
      </div>
      <DropZone onFiles={(files) => run(() => saveFiles(settee, files))} />
      <ErrorLine error={error} />
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>Nodes</th>
            <th>Changed</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {flows.map((flow) => {
            const space = spaces.find(({ id }) => id === flow.spaceId);
            return (
              <tr key={flow.id} data-flow={flow.id}>
                <td>
                  {flow.name} <span className="quiet">{space?.name}</span>
                </td>
                <td>{flow.flow.nodes.length}</td>
                <td className="quiet">{new Date(flow.updatedAt).toLocaleString()}</td>
                <td>
                  <FlowActions
                    settee={settee}
                    flow={flow}
                    deleted={deleted}
                    isOwner={space === undefined || space.role === 'owner'}
                    onOpen={onOpen}
                    run={run}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {total > flows.length && (
        <button type="button" onClick={() => setLimit(limit + pageSize)}>
          Show more
        </button>
      )}
    </section>
  );
}

function FlowActions(props: {
  settee: Settee;
  flow: Flow;
  deleted: boolean;
  /** Only owners delete and restore. */
  isOwner: boolean;
  onOpen: (flowId: string) => void;
  run: (action: () => Promise<unknown>) => void;
}) {
  const { settee, flow, deleted, isOwner, onOpen, run } = props;
  if (deleted && !isOwner) return null;
  if (deleted) {
    const restore = () => run(() => settee.flows.restore(flow.id));
    return (
      <button type="button" aria-label={`Restore ${flow.name}`} onClick={restore}>
        Restore
      </button>
    );
  }
  return (
    <div className="row">
      <button type="button" aria-label={`Edit ${flow.name}`} onClick={() => onOpen(flow.id)}>
        Edit
      </button>
      {isOwner && (
        <button
          type="button"
          aria-label={`Delete ${flow.name}`}
          onClick={() => run(() => settee.flows.remove(flow.id))}
        >
          Delete
        </button>
      )}
    </div>
  );
}

async function saveFiles(settee: Settee, files: File[]): Promise<void> {
  const problems: string[] = [];
  for (const file of files) {
    try {
      await settee.flows.save(await readFlowFile(file));
    } catch (cause) {
      problems.push(`${file.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
}

function DropZone({ onFiles }: { onFiles: (files: File[]) => void }) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onFiles([...event.dataTransfer.files]);
  };
  return (
    <label
      className={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      Drop React Flow files here, or choose them
      <input
        type="file"
        accept=".json,application/json"
        multiple
        aria-label="Flow files"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </label>
  );
}
