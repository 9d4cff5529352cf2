import { flowFromDocument, type Flow } from '../../flow/flow.ts';
import { flowDocId } from '../../schema/ids.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { SetteeClientError } from '../errors.ts';
import type { Autosave, FlowListResult, FlowQuery, FlowsApi } from '../types.ts';
import type { CurrentWorkspace } from '../workspace.ts';
import { selectFlows } from './flow-summary.ts';
import { readInOrder } from './read-in-order.ts';
import { watchQuery } from './watch-query.ts';

const defaultLimit = 100;

interface FlowsOptions {
  current: CurrentWorkspace;
  iso: () => string;
  userId: () => string | undefined;
  autosave: (flowId: string) => Autosave;
}

export function createFlows({ current, iso, userId, autosave }: FlowsOptions): FlowsApi {
  const list = async (query: FlowQuery = {}): Promise<FlowListResult> => {
    const { space, flowIndex, flows } = current.get().personal;
    await flowIndex.ready();
    const ids = selectFlows(flowIndex.entries(), query);
    const { offset = 0, limit = defaultLimit } = query;
    const docs = await readInOrder(space.main, ids.slice(offset, offset + limit));
    const show = docs.length > defaultLimit ? flowFromDocument : flows.remember;
    return { flows: docs.map((doc) => show(doc as unknown as FlowDocument)), total: ids.length };
  };
  const get = async (id: string): Promise<Flow | null> => {
    const { flows } = current.get().personal;
    const doc = await flows.read(id);
    return doc && flows.remember(doc);
  };
  const setDeleted = async (id: string, deleted: boolean): Promise<Flow> => {
    const change = deleted
      ? { deleted, deletedAt: iso(), ...(userId() === undefined ? {} : { deletedBy: userId() as string }) }
      : { deleted: null, deletedAt: null, deletedBy: null };
    const flow = await get(id);
    if (!flow) throw flowNotFound(id);
    if ((flow.deleted === true) === deleted) return flow;
    return current.get().personal.flows.save({ id, ...(change as Partial<Flow>) });
  };
  return {
    save: async (input) => current.get().personal.flows.save(input),
    get,
    list,
    watch: (query, listener) =>
      watchQuery({
        current,
        run: () => list(query),
        listener,
        onChange: (changed) => onFlows(current, changed),
        fingerprint: ({ flows, total }) =>
          `${total} ${flows.map(({ id, revision }) => id + revision).join()}`,
      }),
    watchOne: (id, listener) =>
      watchQuery({
        current,
        run: () => get(id),
        listener,
        onChange: (changed) =>
          onFlows(current, (ids) => {
            if (!ids || ids.has(flowDocId(id))) changed();
          }),
        fingerprint: (flow) => flow?.revision ?? '',
      }),
    remove: (id) => setDeleted(id, true),
    restore: (id) => setDeleted(id, false),
    autosave,
  };
}

export function flowNotFound(id: string): SetteeClientError {
  return new SetteeClientError('flow_not_found', `There is no flow ${id} here.`);
}

/** Follows the flows of whichever workspace is open; a switch is heard without ids. */
export function onFlows(
  current: CurrentWorkspace,
  listener: (ids?: ReadonlySet<string>) => void,
): () => void {
  let unsubscribe = current.get().onFlows(listener);
  const unsubscribeSwitch = current.onSwitch(() => {
    unsubscribe();
    unsubscribe = current.get().onFlows(listener);
    listener();
  });
  return () => {
    unsubscribe();
    unsubscribeSwitch();
  };
}
