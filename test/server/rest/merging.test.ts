import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { flowDocId } from '../../../schema/index.ts';
import type { RestAnswer } from '../../support/rest-client.ts';
import { startFlow } from '../../support/flow-edits.ts';
import { useAccount } from './use-account.ts';

const { settee, account, call } = useAccount();

type Flow = RestAnswer['body'];

const read = async (id: string): Promise<Flow> => (await call(`GET /api/flows/${id}`)).body;
const versions = async (id: string): Promise<Flow[]> =>
  (await call(`GET /api/flows/${id}/versions`)).body.versions;
const versionOf = async (id: string, versionId: string): Promise<Flow> =>
  (await call(`GET /api/flows/${id}/versions/${versionId}`)).body;
const put = (id: string, body: object) => call(`PUT /api/flows/${id}`, { body });
const push = async (flow: object): Promise<Flow> =>
  (await call('POST /api/sync/flows', { body: { flows: [flow] } })).body;

/** A flow that two applications have read. */
async function shared(): Promise<{ id: string; seen: Flow }> {
  const id = randomUUID();
  await put(id, { ...startFlow() });
  return { id, seen: await read(id) };
}

function withPrompt(flow: Flow, node: string, prompt: string): Flow {
  const nodes = flow.flow.nodes.map((one: Flow) =>
    one.id === node ? { ...one, data: { ...one.data, prompt } } : one,
  );
  return { ...flow, flow: { ...flow.flow, nodes } };
}

function promptsOf(flow: Flow): Record<string, string> {
  return Object.fromEntries(
    flow.flow.nodes.flatMap(({ id, data }: Flow) => (data.prompt === undefined ? [] : [[id, data.prompt]])),
  );
}

const later = () => new Date(Date.now() + 1).toISOString();

/** Takes a node away, with its edges. */
function withoutNode(flow: Flow, node: string): Flow {
  const nodes = flow.flow.nodes.filter(({ id }: Flow) => id !== node);
  const edges = flow.flow.edges.filter(({ source, target }: Flow) => source !== node && target !== node);
  return { ...flow, flow: { ...flow.flow, nodes, edges } };
}

const extra = { id: 'extra', source: 'a', target: 'b' };
const withEdge = (flow: Flow): Flow => ({
  ...flow,
  flow: { ...flow.flow, edges: [...flow.flow.edges, extra] },
});

describe('an edge that leads to a node that was removed meanwhile', () => {
  it.each([
    ['pushed', withEdge, withoutNode],
    ['at the server', withoutNode, withEdge],
  ])('is in a version where it was %s', async (_where, mine, theirs) => {
    for (const send of [
      (seen: Flow) => push({ ...mine(seen, 'b'), base: seen, updatedAt: later() }),
      ({ id, revision, ...seen }: Flow) => put(id, { ...mine(seen, 'b'), revision }),
    ]) {
      const { id, seen } = await shared();
      await put(id, theirs(seen, 'b'));
      await send(seen);
      expect((await read(id)).flow.edges.map((edge: Flow) => edge.id)).not.toContain('extra');
      const kept = await Promise.all((await versions(id)).map((version) => versionOf(id, version.id)));
      expect(JSON.stringify(kept)).toContain('"extra"');
    }
  });
});

describe('a push of what was edited from an older revision', () => {
  it('merges with the server’s edits of other places', async () => {
    const { id, seen } = await shared();
    await put(id, withPrompt(seen, 'a', 'from the server'));
    const reply = await push({ ...withPrompt(seen, 'b', 'pushed'), base: seen, updatedAt: later() });
    expect(reply.conflicts).toMatchObject([{ flowId: id, action: 'merged' }]);
    const flow = await read(id);
    expect(promptsOf(flow)).toEqual({ a: 'from the server', b: 'pushed' });
    expect([flow.base, flow.mergedFrom, await versions(id)]).toEqual([undefined, undefined, []]);
  });

  it('keeps the other side as a version where both changed the same place', async () => {
    const { id, seen } = await shared();
    await put(id, withPrompt(seen, 'a', 'from the server'));
    const reply = await push({ ...withPrompt(seen, 'a', 'pushed'), base: seen, updatedAt: later() });
    const [{ action, versionId }] = reply.conflicts;
    expect(['kept_both', 'server_wins']).toContain(action);
    const kept = await versionOf(id, versionId);
    const both = new Set([promptsOf(await read(id)).a, promptsOf(kept.snapshot).a]);
    expect(both).toEqual(new Set(['from the server', 'pushed']));
  });

  it('does not let a deletion take an edit that it did not see', async () => {
    const { id, seen } = await shared();
    await put(id, withPrompt(seen, 'a', 'from the server'));
    const reply = await push({ ...seen, base: seen, deleted: true, updatedAt: later() });
    expect(reply.conflicts).toMatchObject([{ action: 'server_wins' }]);
    expect(promptsOf(await read(id))).toEqual({ a: 'from the server' });
  });
});

describe('a PUT that names an older revision', () => {
  it('merges edits of other places and says so', async () => {
    const { id, seen } = await shared();
    await put(id, withPrompt(seen, 'a', 'first'));
    const answer = await put(id, { ...withPrompt(seen, 'b', 'second'), base: seen });
    expect([answer.status, answer.body.outcome]).toEqual([200, { action: 'merged' }]);
    expect(promptsOf(await read(id))).toEqual({ a: 'first', b: 'second' });
  });

  it('keeps what it replaces as a version where both changed the same place, or nobody knows', async () => {
    const { id, seen } = await shared();
    await put(id, withPrompt(seen, 'a', 'first'));
    for (const base of [seen, undefined]) {
      const before = promptsOf(await read(id)).a as string;
      const prompt = base ? 'second' : 'third';
      const revision = base ? seen.revision : `7-${'0'.repeat(32)}`;
      const { body } = await put(id, { ...withPrompt(seen, 'a', prompt), revision, base });
      expect(body.outcome.action).toBe('kept_both');
      expect(promptsOf(await read(id)).a).toBe(prompt);
      const kept = await versionOf(id, body.outcome.versionId);
      expect(promptsOf(kept.snapshot).a).toBe(before);
    }
  });

  it('is an ordinary change where the revision is the newest, and 412 stays the answer to If-Match', async () => {
    const { id, seen } = await shared();
    const answer = await put(id, withPrompt(seen, 'a', 'first'));
    expect(answer.body.outcome).toBeUndefined();
    const stale = await call(`PATCH /api/flows/${id}`, {
      body: { name: 'Other' },
      headers: { 'if-match': `"${seen.revision}"` },
    });
    expect([400, 404, 405, 412]).toContain(stale.status);
    const refused = await call(`PUT /api/flows/${id}`, {
      body: { name: 'Other' },
      headers: { 'if-match': `"${seen.revision}"` },
    });
    expect(refused.status).toBe(412);
  });
});

it('a PUT that names a deletion, above which the flow was made anew, keeps what it replaces', async () => {
  const { id, seen } = await shared();
  const { database } = (await call('GET /api/spaces')).body.spaces[0];
  const ended = await fetch(`${settee.url}/db/${database}/_bulk_docs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      docs: [{ _id: flowDocId(id), _rev: seen.revision, _deleted: true, type: 'flow' }],
    }),
  });
  const [{ rev: revision }] = (await ended.json()) as [{ rev: string }];
  await put(id, { ...startFlow(), name: 'anew' });
  const { status, body } = await put(id, { ...startFlow(), name: 'edited', revision });
  expect([status, body.name, body.outcome.action]).toEqual([200, 'edited', 'kept_both']);
  expect((await versionOf(id, body.outcome.versionId)).snapshot.name).toBe('anew');
});

it('an edit through REST of an automatic merge is no merge itself', async () => {
  const { id } = await shared();
  const { database } = (await call('GET /api/spaces')).body.spaces[0];
  const url = `${settee.url}/db/${database}/${encodeURIComponent(flowDocId(id))}`;
  const headers = { authorization: `Bearer ${account.accessToken}`, 'content-type': 'application/json' };
  const document = await (await fetch(url, { headers })).json();
  const marks = { mergeVersion: 1, mergedFrom: [document._rev] };
  const marked = await fetch(url, {
    method: 'PUT',
    headers,
    body: JSON.stringify({ ...document, ...marks }),
  });
  expect(marked.status).toBe(201);
  await put(id, { name: 'Edited' });
  const edited = await (await fetch(url, { headers })).json();
  expect(edited).toMatchObject({ name: 'Edited' });
  expect([edited.mergeVersion, edited.mergedFrom]).toEqual([undefined, undefined]);
});
