import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ExecutionDocument } from '../../../schema/index.ts';
import { startRetention } from '../../../server/spaces/start-retention.ts';
import { makeExecutions } from '../../support/executions.ts';
import { silentLog } from '../couch/open-couch.ts';
import { openSpaces, type TestSpaces } from './open-spaces.ts';

let test: TestSpaces;
let now: Date;
let user: string;
let database: string;

beforeEach(async () => {
  now = new Date('2026-11-21T12:00:00.000Z');
  test = await openSpaces(() => now);
  user = await test.newUser('2026-03-10T00:00:00.000Z');
  ({ database } = await test.spaces.personal(user));
});

afterEach(() => test.stop());

/** Makes a month's database with some finished runs, as the user's browser would. */
async function fill(month: string, changes: Partial<ExecutionDocument>[] = []): Promise<ExecutionDocument[]> {
  const access = await test.accessTo(user, `${database}-runs-${month}`);
  await test.spaces.provisionMonth(access);
  const executions = makeExecutions({ seed: 3, count: 12, month }).map((execution, n) => ({
    ...execution,
    status: 'completed' as const,
    completedAt: execution.completedAt ?? execution.startedAt,
    ...changes[n],
  }));
  const results = await test.spaces.open<ExecutionDocument>(access).bulk({ docs: executions });
  expect(results.filter((result) => 'error' in result)).toEqual([]);
  return executions;
}

async function monthState(month: string): Promise<string> {
  return test.spaces.monthState(await test.accessTo(user, `${database}-runs-${month}`));
}

const runs = (month: string): string => `${database}-runs-${month}`;

describe('months on demand', () => {
  it('are made in the allowed span only', async () => {
    for (const [month, code] of [
      ['2026-02', 'not_found'],
      ['2026-12', 'not_found'],
    ] as const) {
      const access = await test.accessTo(user, runs(month));
      await expect(test.spaces.provisionMonth(access)).rejects.toMatchObject({ code });
      expect(await test.couch.exists(runs(month))).toBe(false);
    }
    const access = await test.accessTo(user, runs('2026-03'));
    expect(await test.spaces.provisionMonth(access)).toBe('created');
    expect(await test.spaces.provisionMonth(access)).toBe('exists');
    await expect(test.spaces.provisionMonth(await test.spaces.personal(user))).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('may be older where an import brings older runs', async () => {
    await test.spaces.allowMonthsFrom(user, '2025-06');
    expect(await monthState('2025-06')).toBe('allowed');
    expect(await monthState('2025-05')).toBe('outside');
    await test.spaces.allowMonthsFrom(user, '2025-09');
    expect(await monthState('2025-06')).toBe('allowed');
  });
});

describe('retention', () => {
  it('drops what is over, keeps what is not, and says that it is gone', async () => {
    for (const month of ['2026-06', '2026-07', '2026-08', '2026-11']) await fill(month);
    const report = await test.spaces.applyRetention({ months: 3, now });
    expect(report).toEqual({ dropped: [runs('2026-06'), runs('2026-07')], kept: [] });
    expect(await test.couch.exists(runs('2026-07'))).toBe(false);
    expect(await test.couch.exists(runs('2026-08'))).toBe(true);

    expect(await monthState('2026-07')).toBe('gone');
    // A month that never had a database is gone as well.
    expect(await monthState('2026-04')).toBe('gone');
    expect(await monthState('2026-08')).toBe('allowed');
    const gone = await test.accessTo(user, runs('2026-07'));
    await expect(test.spaces.provisionMonth(gone)).rejects.toMatchObject({ code: 'gone', status: 410 });
    const [listed] = await test.spaces.list(user);
    expect(listed?.runs.map(({ month }) => month)).toEqual(['2026-08', '2026-11']);
  });

  it('keeps a month with an unfinished run until that has ended', async () => {
    const [unfinished] = await fill('2026-06', [{ status: 'running', completedAt: undefined }]);
    await fill('2026-07');
    const report = await test.spaces.applyRetention({ months: 3, now });
    expect(report.dropped).toEqual([runs('2026-07')]);
    expect(report.kept).toEqual([{ database: runs('2026-06'), reason: `${unfinished?._id} is unfinished` }]);
    expect(await monthState('2026-06')).toBe('allowed');
    expect(await monthState('2026-07')).toBe('gone');

    const open = test.spaces.open<ExecutionDocument>(await test.accessTo(user, runs('2026-06')));
    const stored = await open.get(unfinished?._id ?? '');
    await open.insert({ ...stored, status: 'completed', completedAt: now.toISOString() });
    expect(await test.spaces.applyRetention({ months: 3, now })).toEqual({
      dropped: [runs('2026-06')],
      kept: [],
    });
    expect(await monthState('2026-06')).toBe('gone');
  });

  it('keeps a month whose run waits in the server’s queue, and not one whose run was deleted', async () => {
    await fill('2026-05', [{ status: 'running', deleted: true, deletedAt: now.toISOString() }]);
    await fill('2026-06');
    const queued = { _id: 'run:019750a0-0000-7000-8000-000000000001', type: 'run', status: 'queued' };
    await test.couch.admin(runs('2026-06')).insert(queued);
    const report = await test.spaces.applyRetention({ months: 3, now });
    expect(report.dropped).toEqual([runs('2026-05')]);
    expect(report.kept.map((kept) => kept.database)).toEqual([runs('2026-06')]);
  });

  it('lets dropped months be filled again when it is loosened', async () => {
    await fill('2026-06');
    await test.spaces.applyRetention({ months: 3, now });
    expect(await monthState('2026-06')).toBe('gone');
    await test.spaces.applyRetention({ months: 5, now });
    expect(await monthState('2026-06')).toBe('allowed');
    expect(await monthState('2026-05')).toBe('gone');
    const young = await test.newUser('2026-10-01T00:00:00.000Z');
    await test.change(young, { retentionFloor: '2036-01' });
    await test.spaces.applyRetention({ months: 5, now });
    expect((await test.entry(young)).retentionFloor).toBe('2026-06');
  });

  it('drops nothing by a clock that has jumped ahead, until somebody writes runs again', async () => {
    for (const month of ['2026-10', '2026-11']) await fill(month);
    await test.spaces.applyRetention({ months: 3, now });
    const before = await test.entry(user);
    now = new Date('2036-11-21T12:00:00.000Z');
    expect(await test.spaces.applyRetention({ months: 3, now })).toEqual({ dropped: [], kept: [] });
    expect(await test.entry(user)).toEqual(before);
    expect(await test.couch.exists(runs('2026-11'))).toBe(true);

    now = new Date('2026-12-21T12:00:00.000Z');
    await test.spaces.applyRetention({ months: 1, now });
    expect(await test.couch.exists(runs('2026-10'))).toBe(false);

    // Switched off for half a year, and in use again.
    now = new Date('2027-06-21T12:00:00.000Z');
    await test.spaces.applyRetention({ months: 1, now });
    expect(await test.couch.exists(runs('2026-11'))).toBe(true);
    await fill('2027-06');
    await test.spaces.applyRetention({ months: 1, now });
    expect(await test.couch.exists(runs('2026-11'))).toBe(false);
  });

  it('leaves spaces that are younger than it alone', async () => {
    const young = await test.newUser('2026-10-01T00:00:00.000Z');
    const before = await test.entry(young);
    await test.spaces.applyRetention({ months: 3, now });
    expect(await test.entry(young)).toEqual(before);
    const once = await test.entry(user);
    await test.spaces.applyRetention({ months: 3, now });
    expect(await test.entry(user)).toEqual(once);
  });

  it('runs by itself, at once and again later, until it is stopped', async () => {
    await fill('2026-06');
    await fill('2026-08');
    const stopping = new AbortController();
    const { signal } = stopping;
    const { spaces } = test;
    startRetention({ spaces, log: silentLog, signal, months: 3, everyMilliseconds: 50, clock: () => now });
    await vi.waitFor(async () => expect(await test.couch.exists(runs('2026-06'))).toBe(false), 15_000);
    expect(await test.couch.exists(runs('2026-08'))).toBe(true);
    now = new Date('2026-12-02T00:00:00.000Z');
    await vi.waitFor(async () => expect(await test.couch.exists(runs('2026-08'))).toBe(false), 15_000);
    stopping.abort();
  });
});
