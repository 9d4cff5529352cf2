import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { flowDocId, type FlowDocument } from '../../../schema/index.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { outcome } from '../../support/rest-client.ts';
import { idsOf, later, useSync } from './use-sync.ts';

const { settee, account, call, pull, push, shared } = useSync();

describe('pulling flows', () => {
  it('gives everything at first, then what changed, deleted flows too', async () => {
    const a = await shared({ name: 'A' });
    const b = await shared({ name: 'B' });
    const first = await pull();
    expect(idsOf(first.flows)).toEqual(idsOf([a, b]));
    expect(first.flows[0]).toMatchObject({ flow: a.flow.flow, versionHistory: [] });
    expect((await pull(first.syncedAt)).flows).toEqual([]);

    await call(`PUT /api/flows/${a.id}`, { body: { name: 'A2' } });
    await call(`DELETE /api/flows/${b.id}`);
    const second = await pull(first.syncedAt);
    expect(second.flows).toHaveLength(2);
    expect(second.flows.find(({ id }) => id === a.id)).toMatchObject({ name: 'A2' });
    expect(second.flows.find(({ id }) => id === b.id)).toMatchObject({ deleted: true });
    expect(second.syncedAt > first.syncedAt).toBe(true);
    expect((await pull(second.syncedAt)).flows).toEqual([]);
  });

  it('includes a change at that very time, and knows times with an offset', async () => {
    const { flow } = await shared();
    expect((await pull(flow.updatedAt)).flows).toHaveLength(1);
    const offset = `${new Date(Date.parse(flow.updatedAt) + 7_200_000).toISOString().slice(0, -1)}+02:00`;
    expect((await pull(offset)).flows).toHaveLength(1);
    expect(outcome(await call('GET /api/sync/flows?since=noon'))).toBe('400 invalid_query');
  });

  it('gives one client what another edited before its last pull and pushed after', async () => {
    const { id, flow, syncedAt: agreed } = await shared();
    const edited = { ...flow, revision: undefined, name: 'Made on the train', updatedAt: later(flow) };
    const { syncedAt } = await pull(agreed);
    expect(edited.updatedAt < syncedAt).toBe(true);
    await push([edited], agreed);
    expect((await pull(syncedAt)).flows).toMatchObject([{ id, name: 'Made on the train' }]);
  });

  it('gives many large flows in several answers, and takes what it said as a time', async () => {
    const { spaces } = settee.services;
    const scope = spaces.open<FlowDocument>(await spaces.personal(account.user.id));
    const [flow] = makeFlowDocuments({ seed: 4, count: 1, size: 6_000 });
    const readme = 'x'.repeat(900_000);
    const parts = Array.from({ length: 3 }, (_, n) => [`part${n}`, readme]);
    for (let n = 0; n < 9; n += 1) {
      const next = { ...flow, _id: flowDocId(randomUUID()), ...Object.fromEntries(parts) } as FlowDocument;
      await scope.insert(next);
    }
    const first = await pull();
    expect(first).toMatchObject({ more: true, flows: { length: 8 } });
    expect((await push([], first.syncedAt)).synced).toEqual([]);
    const second = await pull(first.syncedAt);
    expect(second.flows).toHaveLength(1);
    expect(second).not.toHaveProperty('more');
    expect(new Set(idsOf([...first.flows, ...second.flows])).size).toBe(9);
    expect((await pull(second.syncedAt)).flows).toEqual([]);
  });

  it('still knows after a restart', async () => {
    const { id, flow, syncedAt } = await shared();
    await settee.restart();
    await push([{ ...flow, revision: undefined, name: 'Late', updatedAt: later(flow) }], syncedAt);
    expect((await pull(syncedAt)).flows).toMatchObject([{ id, name: 'Late' }]);
  });
});
