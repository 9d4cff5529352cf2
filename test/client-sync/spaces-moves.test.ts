import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { platformEnvironment } from '../../client-sync/environment.ts';
import { createExecutions } from '../../client-sync/local/executions.ts';
import { createFlows } from '../../client-sync/local/flows.ts';
import { putRevision } from '../../client-sync/local/local-documents.ts';
import { openSpace } from '../../client-sync/local/open-space.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { FlowSharing } from '../../client-sync/space-types.ts';
import { openWorkspace } from '../../client-sync/spaces/open-workspace.ts';
import type { Autosave, FlowsApi } from '../../client-sync/flow-types.ts';
import type { SpaceWorkspace, Workspace } from '../../client-sync/workspace.ts';
import { computeRevision } from '../../flow/revision.ts';

const graph = { nodes: [], edges: [] };
const target = 'b'.repeat(20);
const iso = () => new Date().toISOString();
const unused = (): Autosave => {
  throw new Error('Not part of this test.');
};

/* Without a server: what it does to the databases is written as a pull would write it. */
describe('a flow that moves between spaces', () => {
  let workspace: Workspace;
  let flows: FlowsApi;

  const openTarget = async (role = 'editor'): Promise<SpaceWorkspace> => {
    await workspace.personal.space.main.put({
      _id: `membership:${target}`,
      type: 'membership',
      schemaVersion: 1,
      spaceId: target,
      kind: 'shared',
      name: 'Shared',
      role,
      database: `space-${target}`,
      grant: 'one',
      since: iso(),
    });
    await workspace.settle();
    return workspace.get(target) as SpaceWorkspace;
  };
  const markMoved = (flowId: string) =>
    workspace.personal.space.main.put({
      _id: `moved:${flowId}`,
      type: 'moved',
      schemaVersion: 1,
      flowId,
      to: { spaceId: target, kind: 'shared' },
      movedAt: iso(),
    });
  const arrive = async (space: SpaceWorkspace, flowId: string) => {
    const current = await workspace.personal.flows.read(flowId);
    const { _rev, ...doc } = { ...current, _id: `flow:${flowId}`, spaceId: target };
    await putRevision(space.space.main, doc, computeRevision(doc, 2, _rev), _rev);
  };
  const tombstone = async (flowId: string) => {
    const { main } = workspace.personal.space;
    const { _rev } = await main.get(`flow:${flowId}`);
    await main.put({ _id: `flow:${flowId}`, ...(_rev === undefined ? {} : { _rev }), _deleted: true });
  };
  const listed = async () => (await flows.list()).flows.map(({ name, spaceId }) => `${name} in ${spaceId}`);

  beforeEach(async () => {
    const opener = await createPouchOpener('memory');
    const space = await openSpace(opener, `moves-${randomUUID()}`, 'ada');
    const environment = { ...platformEnvironment(), locks: null };
    workspace = await openWorkspace({ opener, space, database: () => null, environment, iso });
    const current = { get: () => workspace, onSwitch: () => () => {} };
    flows = createFlows({
      current,
      iso,
      userId: () => 'ada',
      autosave: unused,
      sharing: {} as FlowSharing,
    });
  });
  afterEach(() => workspace.destroy());

  it('is listed once while it is in both, and found where it goes', async () => {
    const { id } = await flows.save({ name: 'Moving', flow: graph });
    const space = await openTarget();
    await arrive(space, id);
    await expect.poll(listed).toEqual(['Moving in ada']);
    await markMoved(id);
    await expect.poll(listed).toEqual([`Moving in ${target}`]);
    expect(await flows.save({ id, description: 'there' })).toMatchObject({ spaceId: target });
    await tombstone(id);
    await expect.poll(listed).toEqual([`Moving in ${target}`]);
  });

  it('takes an edit in its old space while the new one has not arrived', async () => {
    const before = await flows.save({ name: 'Moving', description: 'before', flow: graph });
    await markMoved(before.id);
    await tombstone(before.id);
    await expect.poll(async () => flows.get(before.id)).toBeNull();
    const late = await flows.save({
      id: before.id,
      name: 'Edited late',
      ...(before.revision === undefined ? {} : { revision: before.revision }),
    });
    expect(late).toMatchObject({ spaceId: 'ada', name: 'Edited late', description: 'before' });
    const { main } = workspace.personal.space;
    const leaf = await main.get(`flow:${before.id}`, { revs: true });
    // A branch of what was read, so that the server carries it over with its ancestry.
    expect(leaf._revisions).toMatchObject({ start: 2 });
    const space = await openTarget();
    await arrive(space, before.id);
    await expect.poll(listed).toEqual([`Edited late in ${target}`]);
  });

  it('takes an edit of what was read before the move as an edit, and no conflict', async () => {
    const { id, revision } = await flows.save({ name: 'Moving', flow: graph });
    const space = await openTarget();
    await arrive(space, id);
    await markMoved(id);
    await tombstone(id);
    const saved = await flows.save({ id, description: 'typed meanwhile', ...(revision ? { revision } : {}) });
    expect(saved).toMatchObject({ spaceId: target, name: 'Moving', description: 'typed meanwhile' });
    expect((await space.space.main.get(`flow:${id}`, { conflicts: true }))._conflicts).toBeUndefined();
  });

  it('is watched across the move', async () => {
    const { id } = await flows.save({ name: 'Moving', flow: graph });
    const seen: (string | undefined)[] = [];
    const end = flows.watchOne(id, (flow) => void seen.push(flow?.spaceId));
    await expect.poll(() => seen.at(-1)).toBe('ada');
    const space = await openTarget();
    await arrive(space, id);
    await markMoved(id);
    await tombstone(id);
    await expect.poll(() => seen.at(-1)).toBe(target);
    end();
  });

  it('leaves the runs of a viewer in the personal space', async () => {
    const space = await openTarget('viewer');
    const doc = { _id: `flow:${randomUUID()}`, type: 'flow', schemaVersion: 1, name: 'Look', flow: graph };
    await putRevision(space.space.main, doc, computeRevision(doc));
    const current = { get: () => workspace, onSwitch: () => () => {} };
    const executions = createExecutions({
      current,
      now: () => Date.now(),
      fetchRun: async () => null,
      assets: { put: async () => '', get: async () => null },
    });
    const run = await executions.start({ flowId: doc._id.slice('flow:'.length) });
    expect(run.flowName).toBe('Look');
    expect(space.space.months()).toEqual([]);
    expect(workspace.personal.space.months()).toHaveLength(1);
  });

  it('is found among 1,000 flows of 20 spaces, by one list and without a read of every space', async () => {
    const { main } = workspace.personal.space;
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(20, 'c'));
    await main.bulkDocs(
      ids.map((spaceId) => ({
        _id: `membership:${spaceId}`,
        type: 'membership',
        schemaVersion: 1,
        spaceId,
        kind: 'team',
        name: `Team ${spaceId}`,
        role: 'editor',
        database: `space-${spaceId}`,
        grant: 'one',
        since: iso(),
      })),
    );
    await workspace.settle();
    for (const spaceId of ids) {
      const docs = Array.from({ length: 50 }, (_, index) => ({
        _id: `flow:${randomUUID()}`,
        type: 'flow',
        schemaVersion: 1,
        name: `Flow ${index} of ${spaceId}`,
        updatedAt: iso(),
        createdAt: iso(),
        flow: graph,
      }));
      await workspace.get(spaceId)?.space.main.bulkDocs(docs);
    }
    await expect.poll(async () => (await flows.list()).total, { timeout: 10_000 }).toBe(1_000);
    const [wanted] = (await flows.list({ search: `Flow 7 of ${ids[11]}` })).flows;
    expect(wanted?.spaceId).toBe(ids[11]);
    let reads = 0;
    for (const { space } of workspace.all()) {
      const get = space.main.get.bind(space.main);
      space.main.get = ((...given: Parameters<typeof get>) => {
        reads += 1;
        return get(...given);
      }) as typeof space.main.get;
    }
    expect(await flows.get(wanted?.id ?? '')).toMatchObject({ name: wanted?.name });
    expect(reads).toBe(1);
  });
});
