import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SpaceReply } from '../../../schema/index.ts';
import type { QuotaLimits } from '../../../server/config.ts';
import type { Couch } from '../../../server/couch/couch.ts';
import { createUsageMeter } from '../../../server/spaces/usage-meter.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { outcome, rest } from '../../support/rest-client.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';
import { isEvent, openLive } from '../live/open-live.ts';
import { registerPersonal, type PersonalAccount } from '../proxy/personal-account.ts';

let settee: TestSettee;

afterEach(() => settee.stop());

const unlimited = { documents: 0, bytes: 0 };

async function start(quota: Partial<QuotaLimits>): Promise<PersonalAccount> {
  settee = await startSettee({ config: { quota: { space: unlimited, user: unlimited, ...quota } } });
  return registerPersonal(settee);
}

type Row = { id: string; rev?: string; error?: string; reason?: string };

async function bulk(account: PersonalAccount, docs: object[], database = account.database): Promise<Row[]> {
  const answer = await account.ask(`/${database}/_bulk_docs`, { method: 'POST', json: { docs } });
  expect(answer.status).toBe(201);
  return (await answer.json()) as Row[];
}

/** How many documents a new space has of its own: its design document. */
const initial = 1;
/** What a personal space has for each other space of its user. */
const memberships = 1;

describe('a space that has as many documents as it may have', () => {
  it('takes no new ones, but changes and deletions, and new ones when there is room again', async () => {
    const account = await start({ space: { documents: initial + 3, bytes: 0 } });
    const flows = makeFlowDocuments({ seed: 1, count: 6, size: 1500 });
    const rows = await bulk(account, flows);
    expect(rows.map(({ error }) => error)).toEqual([
      undefined,
      undefined,
      undefined,
      'forbidden',
      'forbidden',
      'forbidden',
    ]);
    expect(rows[3]?.reason).toMatch(/^quota_exceeded: .*4 documents/);
    const [changed] = await bulk(account, [{ ...flows[0], name: 'Changed', _rev: rows[0]?.rev }]);
    expect(changed).toMatchObject({ rev: expect.stringMatching(/^2-/) as string });
    const single = await account.own(`/${String(flows[4]?._id)}`, { method: 'PUT', json: flows[4] });
    expect([single.status, await single.json()]).toMatchObject([
      403,
      { error: 'forbidden', code: 'quota_exceeded' },
    ]);
    const gone = await account.own(`/${String(flows[1]?._id)}?rev=${rows[1]?.rev}`, { method: 'DELETE' });
    // An owner's tombstone or the engine's own refusal: never the quota's.
    expect(JSON.stringify(await gone.json())).not.toContain('quota');
    const marked = await bulk(account, [{ ...flows[2], deleted: true, _rev: rows[2]?.rev }]);
    expect(marked[0]?.error).toBeUndefined();
  });

  it('refuses by REST with quota_exceeded', async () => {
    const account = await start({ space: { documents: initial + 1, bytes: 0 } });
    const token = account.accessToken;
    const body = { name: 'A flow', flow: { nodes: [], edges: [] } };
    expect(outcome(await rest(settee.url, 'POST /api/flows', { token, body }))).toBe('201');
    const refused = await rest(settee.url, 'POST /api/flows', { token, body });
    expect(outcome(refused)).toBe('413 quota_exceeded');
    expect(refused.body.message).toContain('2 documents');
  });
});

describe('a space that has as many bytes as it may have', () => {
  it('refuses what does not fit, document by document, and attachments', async () => {
    const account = await start({ space: { documents: 0, bytes: 150_000 } });
    const [large] = makeFlowDocuments({ seed: 2, count: 1, size: 200_000 });
    const [small] = makeFlowDocuments({ seed: 3, count: 1, size: 1500 });
    const rows = await bulk(account, [large as object, small as object]);
    expect(rows).toMatchObject([
      { id: large?._id, error: 'forbidden' },
      { id: small?._id, rev: rows[1]?.rev },
    ]);
    expect(rows[0]?.reason).toMatch(/^quota_exceeded: .* MB/);
    const attached = await account.own(`/${String(small?._id)}/picture?rev=${rows[1]?.rev}`, {
      method: 'PUT',
      body: new Uint8Array(160_000),
      headers: { 'content-type': 'image/png' },
    });
    expect([attached.status, await attached.json()]).toMatchObject([403, { code: 'quota_exceeded' }]);
  });
});

describe('the usage of a space', () => {
  it('is listed with its quota, and a live event warns before the limit', async () => {
    const account = await start({ space: { documents: 10, bytes: 0 } });
    const token = account.accessToken;
    const usage = async (): Promise<SpaceReply['usage']> => {
      const { body } = await rest(settee.url, 'GET /api/spaces', { token });
      return (body.spaces as SpaceReply[]).find(({ id }) => id === account.user.id)?.usage;
    };
    expect(await usage()).toMatchObject({
      documents: initial,
      quota: { documents: 10, bytes: 0 },
      warning: false,
    });
    const stream = await openLive(settee.url, { token });
    await stream.next(isEvent('hello'));
    await bulk(account, makeFlowDocuments({ seed: 4, count: 7, size: 1500 }));
    const event = await stream.next(isEvent('quota'));
    expect(event.data).toMatchObject({ space: account.user.id, documents: 8, warning: true });
    expect(await usage()).toMatchObject({ documents: 8, warning: true });
    stream.close();
  });
});

describe('the quota of a user', () => {
  it('is for all spaces together that he owns', async () => {
    const account = await start({ user: { documents: 2 * initial + memberships + 2, bytes: 0 } });
    const team = await settee.services.spaces.createSpace({
      kind: 'team',
      name: 'Team',
      owner: account.user.id,
    });
    const flows = makeFlowDocuments({ seed: 5, count: 4, size: 1500 });
    const first = await bulk(account, flows.slice(0, 1), team.database);
    expect(first[0]?.error).toBeUndefined();
    const rows = await bulk(account, flows.slice(1));
    expect(rows.map(({ error }) => error)).toEqual([undefined, 'forbidden', 'forbidden']);
    expect(rows[1]?.reason).toMatch(/owner/);
  });
});

describe('the meter', () => {
  it('asks the engine nothing for a write, and takes its measure anew a while later', async () => {
    settee = await startSettee();
    const { couch } = settee.services;
    const account = await registerPersonal(settee);
    const info = vi.fn((): void => {});
    const counting = {
      ...couch,
      admin: (database: string) => {
        info();
        return couch.admin(database);
      },
    } as Couch;
    const meter = createUsageMeter({ couch: counting, freshMilliseconds: 200 });
    const space = { id: account.user.id, database: account.database };
    expect(await meter.amountOf(space)).toMatchObject({ documents: initial });
    for (let count = 0; count < 1000; count += 1) {
      await meter.amountOf(space);
      meter.add(space, space.database, { documents: 1, bytes: 10 });
    }
    expect((await meter.amountOf(space)).documents).toBe(initial + 1000);
    expect(info.mock.calls.length).toBeLessThan(10);
    // What was never stored is forgotten by the next measure.
    await expect.poll(async () => (await meter.amountOf(space)).documents).toBe(initial);
  });
});
