import { describe, expect, it } from 'vitest';
import { flowDocId, type FlowDocument } from '../../../schema/index.ts';
import { makeFlowDocuments, makeFlows } from '../../support/flows.ts';
import { rest, type RestCall } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { eventually, localPouch, registerPersonal, remotePouch } from '../proxy/personal-account.ts';

const settee = useSettee();

async function liveBrowser() {
  const account = await registerPersonal(settee);
  const local = localPouch();
  const remote = remotePouch(account.databaseUrl, () => account.accessToken);
  const sync = local.sync(remote, { live: true, retry: true });
  return {
    local,
    call: (target: string, options: RestCall = {}) =>
      rest(settee.url, target, { token: account.accessToken, ...options }),
    stop: async () => {
      sync.cancel();
      await local.destroy();
    },
  };
}

describe('REST and a replicating PouchDB', () => {
  it('see each other’s writes, and what REST deletes is deleted softly there', async () => {
    const { local, call, stop } = await liveBrowser();
    const [body] = makeFlows({ seed: 21, count: 1 });
    const { id } = (await call('POST /api/flows', { body })).body;
    const there = () => local.get<FlowDocument>(flowDocId(id)).catch(() => null);
    await eventually(async () => expect(await there()).toMatchObject({ ...body, type: 'flow' }));
    const revision = (await call(`GET /api/flows/${id}`)).body.revision;
    expect((await there())?._rev).toBe(revision);

    await local.put({ ...(await local.get<FlowDocument>(flowDocId(id))), name: 'Renamed there' });
    await eventually(async () =>
      expect((await call(`GET /api/flows/${id}`)).body.name).toBe('Renamed there'),
    );
    const [made] = makeFlowDocuments({ seed: 22, count: 1 }) as [FlowDocument];
    const fields: object = { ...made, name: 'Made there' };
    await local.put({ ...fields, _id: made._id });
    await eventually(async () => expect((await call('GET /api/flows?search=made+there')).body.total).toBe(1));

    await call(`DELETE /api/flows/${id}`);
    await eventually(async () =>
      expect(await there()).toMatchObject({ deleted: true, name: 'Renamed there' }),
    );
    await call(`POST /api/flows/${id}/restore`);
    await eventually(async () => expect((await there())?.deleted).toBeUndefined());
    await stop();
  });

  it('meet in a conflict: the winner is read, the others are counted, no write of REST removes them', async () => {
    const { local, call, stop } = await liveBrowser();
    const [body] = makeFlows({ seed: 23, count: 1 });
    const { id } = (await call('POST /api/flows', { body })).body;
    await eventually(async () => expect(await local.get(flowDocId(id)).catch(() => null)).not.toBeNull());
    const base = await local.get<FlowDocument>(flowDocId(id));
    const leaf = { ...base, name: 'Offline', _rev: `2-${'0'.repeat(32)}`, _revisions: undefined };
    const start = Number(base._rev.split('-')[0]);
    const ids = ['0'.repeat(32), base._rev.split('-')[1] ?? ''];
    await call(`PUT /api/flows/${id}`, { body: { name: 'Server' } });
    await local.bulkDocs([{ ...leaf, _revisions: { start: start + 1, ids } }], { new_edits: false });
    await eventually(async () => expect((await call(`GET /api/flows/${id}`)).body.conflicts).toBe(1));
    expect((await call('GET /api/flows')).body.flows[0].conflicts).toBe(1);
    const { body: changed } = await call(`PUT /api/flows/${id}`, { body: { description: 'edited' } });
    expect(changed.conflicts).toBe(1);
    expect((await call(`GET /api/flows/${id}`)).body).toMatchObject({ description: 'edited', conflicts: 1 });
    await stop();
  });

  it('keep attachments that a browser put on a flow', async () => {
    const { local, call, stop } = await liveBrowser();
    const [body] = makeFlows({ seed: 24, count: 1 });
    const { id } = (await call('POST /api/flows', { body })).body;
    await eventually(async () => expect(await local.get(flowDocId(id)).catch(() => null)).not.toBeNull());
    const { _rev } = await local.get(flowDocId(id));
    await local.putAttachment(flowDocId(id), 'note.txt', _rev, Buffer.from('kept'), 'text/plain');
    const put = async () =>
      (await call(`PUT /api/flows/${id}`, { body: { name: 'After' } })).body.revision as string;
    await eventually(async () => expect((await call(`GET /api/flows/${id}`)).body.revision).toMatch(/^2-/));
    const revision = await put();
    await eventually(async () => expect((await local.get(flowDocId(id)))._rev).toBe(revision));
    const attachment = (await local.getAttachment(flowDocId(id), 'note.txt')) as Buffer;
    expect(attachment.toString('utf8')).toBe('kept');
    await stop();
  });
});
