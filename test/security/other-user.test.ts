import { beforeAll, describe, expect, it } from 'vitest';
import { personalDatabase, serverDatabaseName, spaceDatabase } from '../../schema/index.ts';
import { useSettee } from '../support/use-settee.ts';
import { rawRequest } from './raw-request.ts';
import { registerTwoUsers, type TwoUsers } from './two-users.ts';

const settee = useSettee();
let users: TwoUsers;

beforeAll(async () => {
  users = await registerTwoUsers(settee);
});

interface Attempt {
  method: string;
  path: string;
  json?: unknown;
}

const checkpoint = '_local/0123456789ABCDEFGH.._z%3D%3D';

/** Everything that the proxy offers, on one database. */
function attemptsOn(database: string, id: string): Attempt[] {
  const get = [
    '',
    '/',
    '/_changes',
    '/_changes?feed=longpoll&since=now',
    '/_changes?feed=continuous',
    '/_all_docs',
  ];
  const refused = [
    '/_design/settee',
    '/_design/settee/_view/flow_summaries',
    '/_security',
    '/_find',
    '/_local_docs',
  ];
  return [
    ...[...get, ...refused].map((path) => ({ method: 'GET', path: `/${database}${path}` })),
    { method: 'HEAD', path: `/${database}` },
    { method: 'PUT', path: `/${database}` },
    { method: 'DELETE', path: `/${database}` },
    { method: 'POST', path: `/${database}/_changes?filter=_doc_ids`, json: { doc_ids: [id] } },
    { method: 'POST', path: `/${database}/_all_docs?include_docs=true`, json: { keys: [id] } },
    { method: 'POST', path: `/${database}/_revs_diff`, json: { [id]: ['1-a'] } },
    { method: 'POST', path: `/${database}/_bulk_get`, json: { docs: [{ id }] } },
    { method: 'POST', path: `/${database}/_bulk_docs`, json: { docs: [{ _id: id, _deleted: true }] } },
    { method: 'GET', path: `/${database}/${checkpoint}` },
    { method: 'PUT', path: `/${database}/${checkpoint}`, json: { last_seq: 1 } },
    { method: 'GET', path: `/${database}/${id}` },
    { method: 'GET', path: `/${database}/${id}?revs=true&open_revs=all` },
    { method: 'PUT', path: `/${database}/${id}`, json: { type: 'flow' } },
    { method: 'DELETE', path: `/${database}/${id}?rev=1-a` },
    { method: 'GET', path: `/${database}/${id}/a.txt` },
    { method: 'PUT', path: `/${database}/${id}/b.txt`, json: 'x' },
    { method: 'DELETE', path: `/${database}/${id}/a.txt?rev=1-a` },
  ];
}

async function outcome(answer: Response): Promise<[number, string]> {
  return [answer.status, await answer.text()];
}

describe('another user', () => {
  it('gets 404 for every call on a database that is not hers, and learns nothing', async () => {
    const { a, b, flow, execution, runs, secret } = users;
    for (const { method, path, json } of [...attemptsOn(a.database, flow), ...attemptsOn(runs, execution)]) {
      const [status, text] = await outcome(
        await b.ask(path, { method, ...(json === undefined ? {} : { json }) }),
      );
      expect([method, path, status]).toEqual([method, path, 404]);
      expect(text).not.toContain(secret);
      if (method !== 'HEAD') expect(JSON.parse(text)).toEqual({ error: 'not_found', reason: 'missing' });
    }
    const [status, text] = await outcome(await a.own(`/${flow}`));
    expect([status, text.includes(secret)]).toEqual([200, true]);
    expect((await a.ask(`/${runs}/${execution}`)).status).toBe(200);
    expect(await outcome(await a.own(`/${flow}/a.txt`))).toEqual([200, secret]);
  });

  it('cannot tell a database that is there from one that is not', async () => {
    const { a, b, runs } = users;
    const answers = [];
    for (const database of [
      a.database,
      runs,
      personalDatabase(crypto.randomUUID(), settee.config.databasePrefix),
    ]) {
      answers.push(await outcome(await b.ask(`/${database}`)));
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('gets nothing by guessed names', async () => {
    const { a, b, secret } = users;
    const prefix = settee.config.databasePrefix;
    const hex = a.database.slice(`${prefix}userdb-`.length);
    const names = [
      a.database.toUpperCase(),
      `${prefix}userdb-${hex.toUpperCase()}`,
      `Userdb-${hex}`,
      `userdb-${hex}x`,
      `${prefix}userdb-${a.user.id}`,
      spaceDatabase(a.user.id, prefix),
      ...['accounts', 'directory', 'jobs', 'audit'].map((name) => serverDatabaseName(name, prefix)),
      ...['accounts', 'directory'].map((name) => serverDatabaseName(name)),
      '_users',
      '_replicator',
      '_global_changes',
      '_dbs',
      '_nodes',
      '_all_dbs',
      'undefined',
      '__proto__',
    ];
    for (const name of names) {
      for (const path of ['', '/', '/_all_docs?include_docs=true', '/_changes?include_docs=true']) {
        const [status, text] = await outcome(await b.ask(`/${name}${path}`));
        expect([name, path, [400, 404].includes(status)]).toEqual([name, path, true]);
        expect(text).not.toContain(secret);
      }
    }
  });

  it('gets nothing by other spellings of the address', async () => {
    const { a, b, flow, secret } = users;
    const encoded = a.database.replaceAll(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`);
    const targets = [
      `/db/${a.database}%2F_all_docs?include_docs=true`,
      `/db/${a.database}%2f${flow}`,
      `/db/${b.database}%2F..%2F${a.database}/${flow}`,
      `/db/${b.database}/../${a.database}/${flow}`,
      `/db/${b.database}/..%2F${a.database}/${flow}`,
      `/db/${b.database}/%2e%2e/${a.database}/${flow}`,
      `/db/${b.database}/./../${a.database}/${flow}`,
      `/db/./${a.database}/${flow}`,
      `/db//${a.database}/${flow}`,
      `/db/${b.database}//../${a.database}/${flow}`,
      `/db/${encoded}/${flow}`,
      `/db/${a.database}/%5Fall_docs`,
      `/db/${b.database}/%5Fdesign/settee`,
      `/db/${b.database}/_design%2Fsettee`,
      `/db/${b.database}/%255Fall_docs`,
      `/db\\${a.database}\\${flow}`,
      `/DB/${a.database}/${flow}`,
      `/db/../db/${a.database}/${flow}`,
      `/%64b/${a.database}/${flow}`,
      `/${a.database}/${flow}`,
      `/db/${a.database};/${flow}`,
      `/db/${a.database}%00/${flow}`,
      `/db/${b.database}?/../${a.database}/${flow}`,
      `http://127.0.0.1:5984/${a.database}/${flow}`,
      `/db/${b.database}/${flow}`,
    ];
    for (const target of targets) {
      const answer = await rawRequest(settee.url, { target, token: b.accessToken });
      expect([target, answer.includes(secret)]).toEqual([target, false]);
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
      const isOwnDatabase = target === `/db/${b.database}?/../${a.database}/${flow}`;
      expect([target, isOwnDatabase || [400, 403, 404].includes(status)]).toEqual([target, true]);
    }
  });

  it('gets nothing by REST', async () => {
    const { a, b, flow, version, execution, secret } = users;
    const [flowId, versionId, executionId] = [flow, version, execution].map((id) =>
      id.slice(id.indexOf(':') + 1),
    );
    const rest = (user: typeof a, method: string, path: string, json?: unknown): Promise<Response> =>
      fetch(settee.url + path, {
        method,
        headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json' },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
    const session = ((await (await rest(a, 'GET', '/api/sessions')).json()) as { sessions: { id: string }[] })
      .sessions[0]?.id;
    const key = (await (await rest(a, 'POST', '/api/keys', { name: 'k', scopes: ['read'] })).json()) as {
      id: string;
    };
    expect([session, key.id].every((id) => typeof id === 'string')).toBe(true);
    const read = [`/api/flows/${flowId}`, `/api/workflows/${flowId}`, `/api/executions/${executionId}`];
    for (const path of read) {
      expect([path, (await rest(a, 'GET', path)).status]).toEqual([path, 200]);
    }
    const attempts: [string, string, unknown?][] = [
      ...read.map((path): [string, string] => ['GET', path]),
      ['GET', `/api/flows/${flowId}/stats`],
      ['GET', `/api/flows/${flowId}/versions`],
      ['GET', `/api/flows/${flowId}/versions/${versionId ?? ''}`],
      ['GET', `/api/flows/..%2F${a.database}%2F${flowId}`],
      ['GET', `/api/flows/${encodeURIComponent(`../${a.database}/${flow}`)}`],
      ['GET', `/api/executions/${executionId}/logs`],
      ['DELETE', `/api/flows/${flowId}`],
      ['POST', `/api/flows/${flowId}/restore`],
      ['POST', `/api/flows/${flowId}/duplicate`],
      ['POST', `/api/flows/${flowId}/versions`],
      ['POST', `/api/flows/${flowId}/versions/${versionId ?? ''}/restore`],
      ['PUT', `/api/executions/${executionId}/complete`, { status: 'completed' }],
      ['POST', `/api/executions/${executionId}/complete`, { status: 'completed' }],
      ['DELETE', `/api/sessions/${session ?? ''}`],
      ['DELETE', `/api/keys/${key.id}`],
    ];
    for (const [method, path, json] of attempts) {
      const [status, text] = await outcome(await rest(b, method, path, json));
      expect([method, path, status, [400, 403, 404].includes(status)]).toEqual([method, path, status, true]);
      expect(text).not.toContain(secret);
    }
    const lists = [
      '/api/flows',
      '/api/executions',
      '/api/spaces',
      '/api/devices',
      '/api/sessions',
      '/api/keys',
    ];
    const figures = ['flows', 'executions', 'activity'].map((name) => `/api/analytics/${name}`);
    for (const path of [
      ...lists,
      `/api/flows?search=${secret}`,
      `/api/executions?flowId=${flowId}`,
      ...figures,
    ]) {
      const [status, text] = await outcome(await rest(b, 'GET', path));
      expect([path, status]).toEqual([path, 200]);
      for (const word of [flowId, executionId, a.user.id, a.database, key.id])
        expect(text).not.toContain(word);
      expect(text.replaceAll(`search=${secret}`, '')).not.toContain(secret);
    }
    // The same id in her own space is a flow of hers.
    const mine = { name: 'mine', version: '1.0.0', flow: { nodes: [], edges: [] } };
    expect((await rest(b, 'PUT', `/api/flows/${flowId}`, mine)).status).toBe(201);
    expect(await outcome(await a.own(`/${flow}`))).toMatchObject([200, expect.stringContaining(secret)]);
  });

  it('is nobody without a token', async () => {
    const { a, flow } = users;
    for (const path of ['', '/_changes', '/_all_docs', `/${flow}`, `/${flow}/a.txt`]) {
      expect((await fetch(a.databaseUrl + path)).status).toBe(401);
    }
  });
});
