import type { Flow as StoredFlow } from '../../flow/flow.ts';
import { flowFromDocument } from '../../flow/flow.ts';
import { flowDocId } from '../../schema/ids.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { flowNotFound } from '../errors.ts';
import {
  assertOwned,
  assertWritable,
  findOrigin,
  flowsReady,
  placedFlows,
  requireSpace,
} from './flow-places.ts';
import type { FlowSharing } from '../space-types.ts';
import type { Autosave, Flow, FlowChange, FlowListResult, FlowQuery, FlowsApi } from '../flow-types.ts';
import type { CurrentWorkspace, SpaceWorkspace, Workspace } from '../workspace.ts';
import { selectFlows } from './flow-summary.ts';
import { readInOrder } from './read-in-order.ts';
import { watchQuery } from './watch-query.ts';

const defaultLimit = 100;

interface FlowsOptions {
  current: CurrentWorkspace;
  iso: () => string;
  userId: () => string | undefined;
  autosave: (flowId: string) => Autosave;
  sharing: FlowSharing;
}

export function placed({ info }: SpaceWorkspace, flow: StoredFlow): Flow {
  return { ...flow, spaceId: info.id };
}

export function createFlows({ current, iso, userId, autosave, sharing }: FlowsOptions): FlowsApi {
  const list = async (query: FlowQuery = {}) => listFlows(current.get(), query);
  const get = async (id: string): Promise<Flow | null> => {
    const space = await current.get().find(id);
    const doc = await space?.flows.read(id);
    return space && doc ? placed(space, space.flows.remember(doc)) : null;
  };
  const save = async ({ spaceId, ...change }: FlowChange): Promise<Flow> => {
    const space = await placeToSave(current.get(), change.id, spaceId);
    assertWritable(space);
    return placed(space, await space.flows.save(change));
  };
  const setDeleted = async (id: string, deleted: boolean): Promise<Flow> => {
    const by = userId();
    const change = deleted
      ? { deleted, deletedAt: iso(), ...(by === undefined ? {} : { deletedBy: by }) }
      : { deleted: null, deletedAt: null, deletedBy: null };
    const flow = await get(id);
    if (!flow) throw flowNotFound(id);
    if ((flow.deleted === true) === deleted) return flow;
    assertOwned(requireSpace(current.get(), flow.spaceId));
    return save({ id, ...(change as Partial<Flow>) });
  };
  return {
    ...sharing,
    save,
    get,
    list,
    watch: (query, listener) =>
      watchQuery({
        current,
        run: () => list(query),
        listener,
        onChange: ({ onFlows }, changed) => onFlows(changed),
        fingerprint: ({ flows, total }) => `${total} ${flows.map(printOf).join()}`,
      }),
    watchOne: (id, listener) =>
      watchQuery({
        current,
        run: () => get(id),
        listener,
        onChange: ({ onFlows }, changed) =>
          onFlows((ids) => {
            if (!ids || ids.has(flowDocId(id))) changed();
          }),
        fingerprint: (flow) => (flow ? printOf(flow) : ''),
      }),
    remove: (id) => setDeleted(id, true),
    restore: (id) => setDeleted(id, false),
    autosave,
  };
}

function printOf({ id, revision, spaceId }: Flow): string {
  return `${id}${revision}${spaceId}`;
}

/** Where the flow is; a new one goes where it is wanted, else into the personal space. */
async function placeToSave(
  workspace: Workspace,
  id: string | undefined,
  wanted: string | undefined,
): Promise<SpaceWorkspace> {
  const known = id === undefined ? null : ((await workspace.find(id)) ?? findOrigin(workspace, id));
  if (known) return known;
  return wanted === undefined ? workspace.personal : requireSpace(workspace, wanted);
}

async function listFlows(workspace: Workspace, query: FlowQuery): Promise<FlowListResult> {
  await flowsReady(workspace);
  const { summaries, places } = placedFlows(workspace);
  const ids = selectFlows(summaries, query).filter(
    (docId) => query.spaceId === undefined || places.get(docId)?.info.id === query.spaceId,
  );
  const { offset = 0, limit = defaultLimit } = query;
  const page = ids.slice(offset, offset + limit);
  const flows = new Map<string, Flow>();
  const readSpace = async (space: SpaceWorkspace): Promise<void> => {
    const docs = await readInOrder(
      space.space.main,
      page.filter((docId) => places.get(docId) === space),
    ).catch((error: unknown) => {
      // Its membership has ended meanwhile.
      if (!workspace.all().includes(space)) return [];
      throw error;
    });
    const show = page.length > defaultLimit ? flowFromDocument : space.flows.remember;
    for (const doc of docs) flows.set(doc._id, placed(space, show(doc as unknown as FlowDocument)));
  };
  const spaces = new Set(page.flatMap((docId) => places.get(docId) ?? []));
  await Promise.all([...spaces].map(readSpace));
  return { flows: page.flatMap((docId) => flows.get(docId) ?? []), total: ids.length };
}
