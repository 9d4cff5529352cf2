import { expect, it } from 'vitest';
import { flowDocId } from '../../schema/index.ts';
import { rest } from '../support/rest-client.ts';
import { startFlow } from '../support/flow-edits.ts';
import type { Browser } from './open-settee.ts';
import { newEmail, password, patient, useBrowsers } from './use-browsers.ts';

const id = '00000000-0000-4000-8000-0000000000cc';

const { server, open } = useBrowsers();
let email = '';

/** Browsers of one person that all have the same flow. */
async function openWithFlow(count: number): Promise<Browser[]> {
  email = newEmail();
  const browsers: Browser[] = [];
  for (let n = 0; n < count; n += 1) browsers.push(await open());
  const [first, ...others] = browsers as [Browser, ...Browser[]];
  await first.settee.account.register({ email, password });
  await first.settee.flows.save({ id, ...startFlow() });
  await first.settee.sync.now();
  for (const { settee } of others) {
    await settee.account.signIn({ email, password });
    await expect.poll(async () => (await settee.flows.get(id))?.name, patient).toBe('Flow');
  }
  return browsers;
}

async function setPrompt({ settee }: Pick<Browser, 'settee'>, node: string, prompt: string): Promise<void> {
  const flow = await settee.flows.get(id);
  if (!flow) throw new Error('There is no flow.');
  const nodes = flow.flow.nodes.map((one) =>
    one.id === node ? { ...one, data: { ...(one.data as object), prompt } } : one,
  );
  await settee.flows.save({ id, revision: flow.revision ?? '', flow: { ...flow.flow, nodes } });
}

async function promptsOf({ settee }: Browser): Promise<Record<string, unknown>> {
  const flow = await settee.flows.get(id);
  const nodes = (flow?.flow.nodes ?? []) as { id: string; data: { prompt?: unknown } }[];
  return Object.fromEntries(
    nodes.flatMap(({ id: node, data }) => (data.prompt === undefined ? [] : [[node, data.prompt]])),
  );
}

async function newToken(): Promise<string> {
  const { body } = await rest(server.url, 'POST /api/auth/login', { body: { email, password } });
  return body.accessToken as string;
}

/** The live leaves at the server. */
async function leavesAtServer(): Promise<string[]> {
  const token = await newToken();
  const spaces = await rest(server.url, 'GET /api/spaces', { token });
  const path = `/db/${spaces.body.spaces[0].database}/${encodeURIComponent(flowDocId(id))}?open_revs=all`;
  const answer = await fetch(server.url + path, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
  });
  const leaves = (await answer.json()) as { ok: { _rev: string; _deleted?: boolean } }[];
  return leaves.flatMap(({ ok }) => (ok._deleted === true ? [] : [ok._rev]));
}

it('edits made offline on three browsers come together by themselves, to one revision everywhere', async () => {
  const browsers = await openWithFlow(3);
  const [a, b, c] = browsers as [Browser, Browser, Browser];
  for (const browser of browsers) browser.network.cut();
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  await setPrompt(c, 'c', 'from c');
  for (const browser of browsers) browser.network.mend();
  await Promise.all(browsers.map(({ settee }) => settee.sync.now().catch(() => {})));
  const all = { a: 'from a', b: 'from b', c: 'from c' };
  for (const browser of browsers) await expect.poll(() => promptsOf(browser), patient).toEqual(all);
  await expect.poll(leavesAtServer, patient).toHaveLength(1);
  const [revision] = await leavesAtServer();
  for (const { settee } of browsers) {
    await expect.poll(async () => (await settee.flows.get(id))?.revision, patient).toBe(revision);
    expect(await settee.conflicts.list()).toEqual([]);
    await expect.poll(() => settee.status.get().state, patient).toBe('up-to-date');
  }
});

it('edits of which no device kept the base come together on what the server still has of it', async () => {
  const [a] = (await openWithFlow(1)) as [Browser];
  await expect.poll(() => a.settee.status.get().state, patient).toBe('up-to-date');
  const token = await newToken();
  const { body: spaces } = await rest(server.url, 'GET /api/spaces', { token });
  const { database } = spaces.spaces[0];
  const { body: base } = await rest(server.url, `GET /db/${database}/${flowDocId(id)}?revs=true`, { token });
  const branch = (digit: string, fields: object) => {
    const { start, ids } = base._revisions;
    const hash = digit.repeat(32);
    return {
      ...base,
      ...fields,
      _rev: `${start + 1}-${hash}`,
      _revisions: { start: start + 1, ids: [hash, ...ids] },
    };
  };
  const docs = [
    branch('a', { name: 'Named elsewhere' }),
    branch('b', { description: 'Described elsewhere' }),
  ];
  const pushed = await rest(server.url, `POST /db/${database}/_bulk_docs`, {
    token,
    body: { docs, new_edits: false },
  });
  expect(pushed.body).toEqual([]);
  await expect
    .poll(() => a.settee.flows.get(id), patient)
    .toMatchObject({ name: 'Named elsewhere', description: 'Described elsewhere' });
  await expect.poll(leavesAtServer, patient).toHaveLength(1);
  expect(await a.settee.conflicts.list()).toEqual([]);
});

it('an edit through REST and one made offline come together, and overlapping ones wait for a choice', async () => {
  const [a] = (await openWithFlow(1)) as [Browser];
  a.network.cut();
  await setPrompt(a, 'a', 'from a');
  const signIn = await rest(server.url, 'POST /api/auth/login', { body: { email, password } });
  const token = signIn.body.accessToken as string;
  await rest(server.url, `PUT /api/flows/${id}`, {
    token,
    body: { name: 'Renamed', description: 'at the server' },
  });
  await a.settee.flows.save({ id, description: 'offline' });
  a.network.mend();
  await a.settee.sync.now().catch(() => {});
  await expect.poll(async () => (await a.settee.conflicts.list()).length, patient).toBe(1);
  const [conflict] = await a.settee.conflicts.list();
  expect(conflict?.diff.fields.filter((change) => change.conflict).map(({ path }) => path)).toEqual([
    ['description'],
  ]);
  expect(conflict?.base?.name).toBe('Flow');
  await a.settee.conflicts.resolve(id, { keep: 'local' });
  await expect.poll(leavesAtServer, patient).toHaveLength(1);
  await expect.poll(() => a.settee.status.get().state, patient).toBe('up-to-date');
});

it('follows the rule that the user chose', async () => {
  const browsers = await openWithFlow(2);
  const [a, b] = browsers as [Browser, Browser];
  for (const { settee } of browsers) await settee.settings.update({ conflicts: { flow: 'ask' } });
  await Promise.all(browsers.map(({ settee }) => settee.sync.now()));
  for (const browser of browsers) browser.network.cut();
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  for (const browser of browsers) browser.network.mend();
  await Promise.all(browsers.map(({ settee }) => settee.sync.now().catch(() => {})));
  for (const { settee } of browsers) {
    await expect.poll(async () => (await settee.conflicts.list()).length, patient).toBe(1);
  }
  for (const { settee } of browsers) await settee.settings.update({ conflicts: { flow: 'merge' } });
  for (const browser of browsers) {
    await expect.poll(() => promptsOf(browser), patient).toEqual({ a: 'from a', b: 'from b' });
  }
  await expect.poll(leavesAtServer, patient).toHaveLength(1);
});
