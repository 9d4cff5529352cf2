import { describe, expect, it } from 'vitest';
import { usePersonal } from '../server/proxy/use-personal.ts';
import { rawRequest } from './raw-request.ts';

const { settee, account: owner } = usePersonal();

/** Of one's own database: what an owner may still not do. */
const ofDatabase = [
  'GET /_design/settee',
  'PUT /_design/settee',
  'DELETE /_design/settee?rev=1-a',
  'GET /_design/settee/_info',
  'GET /_design/settee/_view/flow_summaries',
  'POST /_design/settee/_view/flow_summaries',
  'PUT /_design/evil',
  'PUT /_design%2Fevil',
  'PUT /%5Fdesign/evil',
  'PUT /%5Fdesign%2Fevil',
  'PUT /_design/evil?new_edits=false',
  'GET /_design_docs',
  'GET /_security',
  'PUT /_security',
  'PUT /%5Fsecurity',
  'POST /_purge',
  'GET /_purged_infos_limit',
  'PUT /_purged_infos_limit',
  'POST /_compact',
  'POST /_compact/settee',
  'POST /_view_cleanup',
  'POST /_ensure_full_commit',
  'GET /_revs_limit',
  'PUT /_revs_limit',
  'GET /_local_docs',
  'POST /_local_docs',
  'GET /_local/_security',
  'PUT /_local/_security',
  'PUT /_local/mine',
  'DELETE /_local/0123456789ABCDEFGH.._z%3D%3D',
  'POST /_find',
  'POST /_explain',
  'GET /_index',
  'POST /_index',
  'GET /_shards',
  'POST /_sync_shards',
  'POST /_temp_view',
  'GET /_changes?filter=_view&view=settee/flow_summaries',
  'GET /_changes?filter=settee/any',
  'GET /_changes?feed=eventsource',
  'POST /_missing_revs',
  'POST /',
  'DELETE /',
  'COPY /flow:x',
  'GET /_partition/x',
  'GET /_utils',
  'GET /_auto_purge',
  'PUT /flow:x?new_edits=false',
  'PUT /flow:x?batch=ok',
];

/** Of the engine's server, wherever somebody may look for it. */
const ofServer = [
  '_all_dbs',
  '_dbs_info',
  '_users',
  '_users/_all_docs',
  '_users/org.couchdb.user:admin',
  '_replicator',
  '_replicate',
  '_global_changes',
  '_db_updates',
  '_node/_local/_config',
  '_node/_local/_config/admins',
  '_node/_local/_config/jwt_keys',
  '_node/_local/_stats',
  '_membership',
  '_config',
  '_session',
  '_utils',
  '_utils/',
  '_utils/index.html',
  '_active_tasks',
  '_scheduler/jobs',
  '_cluster_setup',
  '_uuids',
  '_up',
  '_log',
  '_stats',
  '_restart',
  '_reshard',
  'favicon.ico',
];

describe('the public port', () => {
  it('refuses an owner what is the server’s alone', async () => {
    const engineMarks = /"validate_doc_update"|"members"|"language"|"cluster"/;
    for (const line of ofDatabase) {
      const [method = '', path = ''] = line.split(' ');
      const hasBody = method === 'PUT' || method === 'POST';
      const answer = await owner.own(path, { method, ...(hasBody ? { json: { a: 1 } } : {}) });
      const text = await answer.text();
      expect([line, answer.status, [400, 403, 404, 405].includes(answer.status)]).toEqual([
        line,
        answer.status,
        true,
      ]);
      expect(text).not.toMatch(engineMarks);
      expect(JSON.parse(text)).toEqual({
        error: expect.any(String) as string,
        reason: expect.any(String) as string,
      });
    }
    expect((await owner.own('/')).status).toBe(200);
  });

  it('shows nothing of the engine’s server', async () => {
    for (const path of ofServer) {
      for (const [root, method] of [
        ['/db/', 'GET'],
        ['/db/', 'PUT'],
        ['/db/', 'POST'],
        ['/', 'GET'],
      ] as const) {
        const answer = await rawRequest(settee.url, {
          method,
          target: root + path,
          token: owner.accessToken,
        });
        const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
        expect([root, path, status, [400, 403, 404, 405].includes(status)]).toEqual([
          root,
          path,
          status,
          true,
        ]);
        expect(answer).not.toMatch(/Fauxton|userdb-|"couchdb":|"name":"admin"|"admins"/);
      }
    }
  });

  it('lets nobody write local or design documents by _bulk_docs', async () => {
    const rev = `1-${'a'.repeat(32)}`;
    for (const newEdits of [true, false]) {
      for (const id of ['_local/_security', '_local/x', '_local/0123456789ABCDEFGH.._z==']) {
        const answer = await owner.own('/_bulk_docs', {
          method: 'POST',
          json: {
            docs: [{ _id: id, _rev: newEdits ? undefined : '0-1', security: {} }],
            new_edits: newEdits,
          },
        });
        expect([id, answer.status]).toEqual([id, 403]);
      }
      const design = {
        _id: '_design/evil',
        _rev: newEdits ? undefined : rev,
        views: { v: { map: 'function(d){}' } },
      };
      const answer = await owner.own('/_bulk_docs', {
        method: 'POST',
        json: { docs: [design], new_edits: newEdits },
      });
      expect([answer.status, await answer.json()]).toMatchObject([
        201,
        [{ id: '_design/evil', error: 'forbidden' }],
      ]);
    }
    const designs = await owner.own('/_all_docs?startkey=%22_design%22&endkey=%22_design0%22');
    const { rows } = (await designs.json()) as { rows: { id: string }[] };
    expect(rows.map(({ id }) => id)).toEqual(['_design/settee']);
  });

  it('does not honour headers that change the method or the caller', async () => {
    const path = `/db/${owner.database}/_all_docs`;
    const overridden = await rawRequest(settee.url, {
      method: 'POST',
      target: path,
      token: owner.accessToken,
      headers: { 'X-HTTP-Method-Override': 'DELETE', 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(overridden).toMatch(/^HTTP\/1\.1 200/);
    const impostors: Record<string, string>[] = [
      { 'X-Auth-CouchDB-UserName': 'admin', 'X-Auth-CouchDB-Roles': '_admin' },
      { Authorization: `Basic ${btoa('admin:password')}` },
      { Authorization: `Basic ${btoa('admin:secret')}` },
      { Cookie: 'AuthSession=YWRtaW46' },
    ];
    for (const headers of impostors) {
      const answer = await rawRequest(settee.url, {
        target: path,
        headers,
      });
      expect(answer).toMatch(/^HTTP\/1\.1 401/);
    }
  });
});
