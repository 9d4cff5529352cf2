import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { flowDocId, type FlowDocument } from '../../../schema/index.ts';
import { makeFlows } from '../../support/flows.ts';
import { outcome, type RestAnswer } from '../../support/rest-client.ts';
import { later, useSync } from './use-sync.ts';

const { settee, account, call, read, push, shared } = useSync();

type Flow = RestAnswer['body'];

const namesOf = (flows: Flow[]): string[] => flows.map(({ name }): string => name).toSorted();
const versions = async (id: string): Promise<Flow[]> =>
  (await call(`GET /api/flows/${id}/versions`)).body.versions;

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('pushing flows', () => {
  it('stores what the server has not seen with the times it brings', async () => {
    const time = '2025-01-02T03:04:05.678Z';
    const flows = makeFlows({ seed: 6, count: 5 }).map((flow) => ({
      ...flow,
      id: randomUUID(),
      createdAt: time,
      updatedAt: time,
    }));
    const reply = await push(flows);
    expect(reply).toEqual({ synced: flows.map(({ id }) => id), conflicts: [] });
    for (const flow of flows) expect(await read(flow.id)).toMatchObject(flow);
  });

  it('writes nothing where both sides are the same, however often it is said', async () => {
    const { id, flow, syncedAt } = await shared();
    for (const lastSyncAt of [syncedAt, undefined, syncedAt]) {
      expect(await push([flow], lastSyncAt)).toEqual({ synced: [id], conflicts: [] });
    }
    expect((await read(id)).revision).toBe(flow.revision);
    expect(await versions(id)).toEqual([]);
  });

  it('stores an edit of what the server left alone since, and no version of it', async () => {
    const { id, flow, syncedAt } = await shared();
    const edited = { ...flow, name: 'Edited', revision: undefined, description: undefined };
    expect(await push([edited], syncedAt)).toEqual({ synced: [id], conflicts: [] });
    const now = await read(id);
    expect(now).toMatchObject({ name: 'Edited', flow: flow.flow });
    expect(now).not.toHaveProperty('description');
    expect(await versions(id)).toEqual([]);
  });

  it('keeps the pushed side as a version where the server’s edit is later: server_wins', async () => {
    const { id, flow, syncedAt } = await shared();
    const server = (await call(`PUT /api/flows/${id}`, { body: { name: 'Server' } })).body;
    const local = { ...flow, revision: undefined, name: 'Local', updatedAt: later(flow) };
    const reply = await push([local], syncedAt);
    const conflict = {
      flowId: id,
      localUpdatedAt: local.updatedAt,
      serverUpdatedAt: server.updatedAt,
      action: 'server_wins',
      versionId: expect.any(String),
    };
    expect(reply).toEqual({ synced: [], conflicts: [conflict] });
    expect((await read(id)).name).toBe('Server');
    expect(await versions(id)).toMatchObject([{ id: reply.conflicts[0].versionId, name: 'Local' }]);
  });

  it('shows the pushed side and keeps the server’s as a version where the pushed edit is later: kept_both', async () => {
    const { id, flow, syncedAt } = await shared();
    const server = (await call(`PUT /api/flows/${id}`, { body: { name: 'Server' } })).body;
    await wait(20);
    const local = { ...flow, revision: undefined, name: 'Local', updatedAt: later(server, 10) };
    const reply = await push([local], syncedAt);
    expect(reply.conflicts).toMatchObject([{ flowId: id, action: 'kept_both' }]);
    expect((await read(id)).name).toBe('Local');
    expect(await versions(id)).toMatchObject([{ id: reply.conflicts[0].versionId, name: 'Server' }]);
    const back = await call(`POST /api/flows/${id}/versions/${reply.conflicts[0].versionId}/restore`);
    expect(back.body.name).toBe('Server');
  });

  it('merges where both made the same edit, with the history of both', async () => {
    const { id, flow, syncedAt } = await shared();
    const entry = { version: '1.0.1', timestamp: later(flow), changes: 'local' };
    await call(`PUT /api/flows/${id}`, { body: { name: 'Same' } });
    const local = {
      ...flow,
      revision: undefined,
      name: 'Same',
      updatedAt: later(flow),
      versionHistory: [entry],
    };
    expect((await push([local], syncedAt)).conflicts).toMatchObject([{ action: 'merged' }]);
    expect(await read(id)).toMatchObject({ name: 'Same', versionHistory: [entry] });
    expect(await versions(id)).toEqual([]);
  });

  it('goes by the revision where the flow names one, whatever the clocks say', async () => {
    const { id, flow } = await shared();
    expect(await push([{ ...flow, name: 'On top' }])).toEqual({ synced: [id], conflicts: [] });
    const stale = { ...flow, name: 'Beside', updatedAt: '2001-01-01T00:00:00.000Z' };
    expect((await push([stale], new Date().toISOString())).conflicts).toMatchObject([
      { action: 'server_wins' },
    ]);
    expect((await versions(id)).map(({ name }) => name)).toEqual(['Beside']);
  });

  it('loses no edit that came late with an old time', async () => {
    const { id, flow, syncedAt } = await shared();
    // A browser's edit, made offline before the last sync, arrives by replication after it.
    const { spaces } = settee.services;
    const scope = spaces.open<FlowDocument>(await spaces.personal(account.user.id));
    const current = await scope.get(flowDocId(id));
    const offline = new Date(Date.parse(syncedAt) - 30_000).toISOString();
    await scope.insert({ ...current, name: 'Offline', updatedAt: offline });
    const local = { ...flow, revision: undefined, name: 'Local', updatedAt: new Date().toISOString() };
    expect((await push([local], syncedAt)).conflicts).toMatchObject([{ action: 'kept_both' }]);
    expect(await versions(id)).toMatchObject([{ name: 'Offline' }]);
  });

  it('keeps what it replaces where only the caller’s clock says that nothing changed', async () => {
    const { id, flow } = await shared();
    const guessed = new Date().toISOString();
    await push([{ ...flow, revision: undefined, name: 'Local', updatedAt: guessed }], guessed);
    expect((await read(id)).name).toBe('Local');
    expect(await versions(id)).toMatchObject([{ name: flow.name }]);
  });

  it('deletes softly, but no deletion prevails over an edit it did not see', async () => {
    const gone = await shared();
    const deletedAt = later(gone.flow);
    await push(
      [{ ...gone.flow, revision: undefined, deleted: true, deletedAt, updatedAt: deletedAt }],
      gone.syncedAt,
    );
    expect(await read(gone.id, '?deleted=true')).toMatchObject({ deleted: true, deletedAt });

    const edited = await shared();
    await call(`PUT /api/flows/${edited.id}`, { body: { name: 'Still used' } });
    const deletion = {
      ...edited.flow,
      revision: undefined,
      deleted: true,
      updatedAt: new Date().toISOString(),
    };
    expect((await push([deletion], edited.syncedAt)).conflicts).toMatchObject([{ action: 'server_wins' }]);
    expect(await read(edited.id)).toMatchObject({ name: 'Still used' });
  });

  it('revives a deleted flow for a later edit, and keeps an earlier one as a version', async () => {
    const { id, flow, syncedAt } = await shared();
    await call(`DELETE /api/flows/${id}`);
    const earlier = { ...flow, revision: undefined, name: 'Earlier', updatedAt: later(flow) };
    expect((await push([earlier], syncedAt)).conflicts).toMatchObject([{ action: 'server_wins' }]);
    expect((await call(`GET /api/flows/${id}`)).status).toBe(404);
    await wait(5);
    const after = { ...flow, revision: undefined, name: 'After', updatedAt: new Date().toISOString() };
    expect((await push([after], syncedAt)).conflicts).toMatchObject([{ action: 'kept_both' }]);
    expect(await read(id)).toMatchObject({ name: 'After' });
    expect(namesOf(await versions(id))).toEqual(namesOf([{ name: 'Earlier' }, flow]));
  });

  it('brings times of the future back to now', async () => {
    const id = randomUUID();
    await push([
      { id, name: 'Early bird', flow: { nodes: [], edges: [] }, updatedAt: '2999-01-01T00:00:00.000Z' },
    ]);
    expect(Date.parse((await read(id)).updatedAt)).toBeLessThanOrEqual(Date.now());
  });

  it('refuses a flow that is not valid by itself, and says where', async () => {
    const flow = { nodes: [], edges: [] };
    const [first, second, nameless] = [randomUUID(), randomUUID(), randomUUID()];
    const { synced, conflicts, refused } = await push([
      { id: first, name: 'Fine', flow },
      { id: 'no', name: 'No id', flow },
      { id: nameless, name: '', flow },
      7 as unknown as object,
      { id: second, name: 'Fine too', flow },
    ]);
    expect({ synced, conflicts }).toEqual({ synced: [first, second], conflicts: [] });
    expect(refused).toEqual([
      { index: 1, path: 'flows.1.id', reason: expect.any(String) },
      { index: 2, flowId: nameless, path: 'flows.2.name', reason: expect.any(String) },
      { index: 3, path: 'flows.3', reason: expect.any(String) },
    ]);
    expect(await read(second)).toMatchObject({ name: 'Fine too' });
  });

  it('refuses a push as a whole where it is none', async () => {
    const outcomes = [{ flows: [], lastSyncAt: 'noon' }, { flows: {} }, {}].map(async (body) =>
      outcome(await call('POST /api/sync/flows', { body })),
    );
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['400 invalid_body']));
  });

  it('loses nothing of two clients that push the same flow at once', async () => {
    const { id, flow, syncedAt } = await shared();
    const names = Array.from({ length: 6 }, (_, n) => `Client ${n}`);
    await Promise.all(
      names.map((name, n) =>
        push([{ ...flow, revision: undefined, name, updatedAt: later(flow, 1000 + n) }], syncedAt),
      ),
    );
    const kept = [...(await versions(id)).map(({ name }) => name), (await read(id)).name];
    for (const name of names) expect(kept).toContain(name);
    expect((await read(id)).conflicts).toBe(0);
  });
});
