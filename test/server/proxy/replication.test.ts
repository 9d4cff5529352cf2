import { describe, expect, it } from 'vitest';
import { monthOf, runsDatabase } from '../../../schema/index.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { useSettee } from '../../support/use-settee.ts';
import { eventually, localPouch, registerPersonal, remotePouch } from './personal-account.ts';

const settee = useSettee();

/** As PouchDB's types want documents. */
interface Flow {
  _id: string;
  _rev?: string;
  name: string;
  flow: object;
}

function flows(options: Parameters<typeof makeFlowDocuments>[0]): Flow[] {
  return makeFlowDocuments(options).map(
    ({ _id, name, flow: graph, ...rest }) =>
      ({ ...JSON.parse(JSON.stringify(rest)), _id, name, flow: graph }) as Flow,
  );
}

function flow(seed: number, changes: object = {}): Flow {
  return { ...(flows({ seed, count: 1, size: 6000 })[0] as Flow), ...changes };
}

/** Two devices of one user, each in live sync with default options. */
async function twoDevices() {
  const account = await registerPersonal(settee);
  const remote = () => remotePouch(account.databaseUrl, () => account.accessToken);
  const [one, two] = [localPouch(), localPouch()];
  const errors: unknown[] = [];
  const syncs = [one, two].map((local) =>
    local
      .sync(remote(), { live: true, retry: true })
      .on('error', (error) => errors.push(error))
      .on('denied', (error) => errors.push(error)),
  );
  return {
    account,
    one,
    two,
    errors,
    remote: remote(),
    stop: async () => {
      for (const sync of syncs) sync.cancel();
      await Promise.all([one.destroy(), two.destroy()]);
    },
  };
}

describe('a default PouchDB at the proxy', () => {
  it('syncs live both ways, with deletions', async () => {
    const { one, two, errors, stop } = await twoDevices();
    const [a, b] = [flow(1), flow(2)];
    await one.put(a);
    await eventually(async () => expect(await two.get(a._id)).toMatchObject(a));
    await two.put(b);
    await eventually(async () => expect(await one.get(b._id)).toMatchObject(b));
    const received = await two.get(a._id);
    await two.put({ ...received, name: 'Renamed' });
    await eventually(async () => expect(await one.get(a._id)).toMatchObject({ name: 'Renamed' }));
    expect(errors).toEqual([]);
    await stop();
  });

  it('carries conflicts to both sides', async () => {
    const { one, two, remote, errors, stop } = await twoDevices();
    const a = flow(3);
    const { rev } = await one.put(a);
    await eventually(async () => expect((await two.get(a._id))._rev).toBe(rev));
    const other = `2-${'a'.repeat(32)}`;
    const [, base] = rev.split('-') as [string, string];
    await remote.bulkDocs(
      [
        {
          ...a,
          name: 'Elsewhere',
          _rev: other,
          _revisions: { start: 2, ids: ['a'.repeat(32), base] },
        } as Flow,
      ],
      { new_edits: false },
    );
    const mine = (await one.put({ ...a, _rev: rev, name: 'Here' }).catch(() => null))?.rev;
    for (const local of [one, two, remote]) {
      await eventually(async () => {
        const { _rev, _conflicts = [] } = await local.get(a._id, { conflicts: true });
        expect([_rev, ..._conflicts]).toContain(other);
        if (mine !== undefined) expect([_rev, ..._conflicts].toSorted()).toEqual([other, mine].toSorted());
      });
    }
    expect(errors).toEqual([]);
    await stop();
  });

  it('carries attachments', async () => {
    const { one, two, errors, stop } = await twoDevices();
    const bytes = Uint8Array.from({ length: 300_000 }, (_, n) => (n * 7919) % 256);
    const a = flow(4, {
      _attachments: {
        'notes/picture 1.bin': { content_type: 'application/x-test', data: Buffer.from(bytes) },
      },
    });
    await one.put(a);
    await eventually(async () => {
      const copy = (await two.getAttachment(a._id, 'notes/picture 1.bin')) as Buffer;
      expect(copy.equals(bytes)).toBe(true);
    });
    expect(errors).toEqual([]);
    await stop();
  });

  it('finds a month of runs that nobody has made yet', async () => {
    const account = await registerPersonal(settee);
    const database = runsDatabase(account.database, monthOf(new Date()));
    const remote = remotePouch(`${settee.url}/db/${database}`, () => account.accessToken);
    const local = localPouch();
    const done = await local.sync(remote);
    expect([done.pull?.ok, done.push?.ok]).toEqual([true, true]);
    await local.destroy();
  });

  it('pushes 100 flows of 100 kB in one batch', async () => {
    const account = await registerPersonal(settee);
    const local = localPouch();
    const many = flows({ seed: 5, count: 100, size: 100_000 });
    await local.bulkDocs(many);
    const pushed = await local.replicate.to(remotePouch(account.databaseUrl, () => account.accessToken));
    expect([pushed.ok, pushed.docs_written]).toEqual([true, 100]);
    const copy = localPouch();
    const pulled = await copy.replicate.from(remotePouch(account.databaseUrl, () => account.accessToken));
    expect(pulled.ok).toBe(true);
    for (const expected of many) expect(await copy.get(expected._id)).toMatchObject(expected);
    await Promise.all([local.destroy(), copy.destroy()]);
  }, 60_000);

  it('is told of an oversized document, and the others go on', async () => {
    const account = await registerPersonal(settee);
    const local = localPouch();
    const [before, large, after] = [flow(6), flow(7, { description: 'x' }), flow(8)];
    const padded = { ...large, flow: { ...large.flow, padding: 'x'.repeat(9 * 1024 * 1024) } };
    await local.bulkDocs([before, padded, after]);
    const denied: unknown[] = [];
    const replication = local.replicate
      .to(
        remotePouch(account.databaseUrl, () => account.accessToken),
        { live: true, retry: true },
      )
      .on('denied', (error) => denied.push(error));
    const remote = remotePouch(account.databaseUrl, () => account.accessToken);
    await eventually(async () => {
      expect(await remote.get(before._id)).toMatchObject({ name: before.name });
      expect(await remote.get(after._id)).toMatchObject({ name: after.name });
    });
    await eventually(() => expect(denied).toHaveLength(1));
    expect(denied[0]).toMatchObject({ id: large._id, name: 'forbidden' });
    await expect(remote.get(large._id)).rejects.toMatchObject({ status: 404 });
    const later = flow(9);
    await local.put(later);
    await eventually(async () => expect(await remote.get(later._id)).toMatchObject({ name: later.name }));
    replication.cancel();
    await local.destroy();
  }, 60_000);

  it('resumes from its checkpoint', async () => {
    const account = await registerPersonal(settee);
    const local = localPouch();
    const remote = () => remotePouch(account.databaseUrl, () => account.accessToken);
    await local.bulkDocs(flows({ seed: 10, count: 30, size: 6000 }));
    expect((await local.replicate.to(remote())).docs_read).toBe(30);
    await local.put(flow(11));
    expect((await local.replicate.to(remote())).docs_read).toBe(1);
    await local.destroy();
  });

  it('leaves a replication without a name for its server: the address counts', async () => {
    const account = await registerPersonal(settee);
    const root = await fetch(`${settee.url}/db/`);
    expect(root.status).toBe(200);
    expect(await root.json()).toEqual({
      couchdb: 'Welcome',
      vendor: { name: 'Settee' },
      version: settee.services.couch.server.version,
    });
    const remote = remotePouch(account.databaseUrl, () => account.accessToken) as PouchDB.Database & {
      id(): Promise<string>;
    };
    expect(await remote.id()).toBe(`${account.databaseUrl}/`);
  });
});
