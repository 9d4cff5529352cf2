import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nowhere, openBrowser, type Browser } from './open-settee.ts';

const graph = { nodes: [{ id: 'n', position: { x: 1, y: 2 }, data: { own: true } }], edges: [], extra: 1 };
const flowRow = (fields: object) => ({
  id: randomUUID(),
  name: 'imported',
  flow: graph,
  createdAt: '2025-01-02T03:04:05.000Z',
  updatedAt: '2025-02-02T03:04:05.000Z',
  version: '1.2.0',
  executionCount: 7,
  ...fields,
});
const dexie = (flows: object[], executions: object[] = []) => ({
  formatName: 'dexie',
  formatVersion: 1,
  data: {
    databaseName: 'visual-flow',
    databaseVersion: 3,
    tables: [
      { name: 'flows', schema: 'id,name', rowCount: flows.length },
      { name: 'executions', schema: 'id,flowId', rowCount: executions.length },
    ],
    data: [
      { tableName: 'flows', inbound: true, rows: flows },
      { tableName: 'executions', inbound: true, rows: executions },
    ],
  },
});

describe('the import of a backup', () => {
  let browser: Browser;
  beforeEach(async () => {
    browser = await openBrowser(nowhere);
  });
  afterEach(() => browser.close());

  it('takes over what a Dexie-based application exports, and nothing new the second time', async () => {
    const flows = [
      flowRow({ name: 'first' }),
      flowRow({ name: 'second', custom: { kept: [1] }, isFavorite: true }),
    ];
    const runs = [
      {
        id: 'run-1',
        flowId: flows[0]?.id,
        status: 'completed',
        startedAt: '2025-03-04T05:06:07.000Z',
        results: [],
      },
      { id: randomUUID(), flowId: flows[1]?.id, status: 'failed', startedAt: 1_740_000_000_000, error: 'x' },
    ];
    const backup = JSON.stringify(dexie(flows, runs));
    const { settee } = browser;
    expect(await settee.importBackup(backup)).toEqual({ imported: 4, skipped: 0, versions: 0, failed: [] });
    expect(await settee.importBackup(backup)).toEqual({ imported: 0, skipped: 4, versions: 0, failed: [] });
    const second = await settee.flows.get(flows[1]?.id as string);
    expect(second).toMatchObject({ name: 'second', flow: graph, custom: { kept: [1] }, version: '1.2.0' });
    expect(second).toMatchObject({ updatedAt: '2025-02-02T03:04:05.000Z', isFavorite: true });
    expect(second).not.toHaveProperty('executionCount');
    expect(await settee.executions.get('run-1')).toMatchObject({ flowId: flows[0]?.id, status: 'completed' });
    expect((await settee.executions.list()).executions.map(({ startedAt }) => startedAt)).toEqual([
      '2025-03-04T05:06:07.000Z',
      new Date(1_740_000_000_000).toISOString(),
    ]);
  });

  it('takes a plain object, ids that are no UUIDs, and runs that name them', async () => {
    const { settee } = browser;
    const backup = {
      flows: [flowRow({ id: 'my-flow' }), flowRow({ id: 12 })],
      executions: [{ id: 'r', flowId: 'my-flow', startedAt: '2025-03-04T05:06:07.000Z' }],
    };
    expect(await settee.importBackup(backup)).toMatchObject({ imported: 3, failed: [] });
    expect(await settee.importBackup(backup)).toMatchObject({ imported: 0, skipped: 3 });
    const { flows } = await settee.flows.list();
    expect(flows).toHaveLength(2);
    const run = await settee.executions.get('r');
    expect(flows.map(({ id }) => id)).toContain(run?.flowId);
  });

  it('loses neither side where a flow is known with other content', async () => {
    const { settee } = browser;
    const mine = await settee.flows.save({ name: 'mine, newer', flow: graph });
    const older = { flows: [flowRow({ id: mine.id, name: 'theirs, older' })] };
    expect(await settee.importBackup(older)).toMatchObject({ imported: 0, versions: 1 });
    expect(await settee.importBackup(older)).toMatchObject({ skipped: 1, versions: 0 });
    expect((await settee.flows.get(mine.id))?.name).toBe('mine, newer');
    expect((await settee.versions.list(mine.id)).map(({ flow }) => flow.name)).toEqual(['theirs, older']);
    const newer = {
      flows: [flowRow({ id: mine.id, name: 'theirs, newer', updatedAt: '2099-01-01T00:00:00.000Z' })],
    };
    expect(await settee.importBackup(newer)).toMatchObject({ imported: 1 });
    expect((await settee.flows.get(mine.id))?.name).toBe('theirs, newer');
    expect((await settee.versions.list(mine.id)).map(({ flow }) => flow.name).toSorted()).toEqual([
      'mine, newer',
      'theirs, older',
    ]);
  });

  it('reports bad rows and takes the others', async () => {
    const { settee } = browser;
    const report = await settee.importBackup({
      flows: [flowRow({ id: 'x', name: ' ' }), flowRow({}), 'nonsense', { name: 'no graph' }],
      executions: [{ id: 'r', flowId: 'f' }],
    });
    expect(report.imported).toBe(1);
    expect(report.failed.map(({ id }) => id)).toEqual(['x', undefined, 'r']);
    for (const { reason } of report.failed) expect(reason).not.toBe('');
    await expect(settee.importBackup('{')).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(settee.importBackup({ data: [] })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
