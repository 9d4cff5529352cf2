import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { flowDocId, limits, type FlowDocument } from '../../../schema/index.ts';
import { importCommand } from '../../../server/commands/import.ts';
import { makeFlows } from '../../support/flows.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';
import { registerPersonal, type PersonalAccount } from '../proxy/personal-account.ts';
import { environmentOf, runCommand, type CommandRun } from './run-command.ts';

let settee: TestSettee;
let account: PersonalAccount;
let folder: string;

beforeEach(async () => {
  settee = await startSettee();
  account = await registerPersonal(settee);
  folder = await mkdtemp(join(tmpdir(), 'settee-import-'));
});

afterEach(async () => {
  await settee.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(...args: string[]): Promise<CommandRun> {
  return runCommand(importCommand, [folder, '--email', account.email, ...args], {
    env: environmentOf(settee),
  });
}

function put(name: string, content: unknown): Promise<void> {
  return writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
}

async function flows(): Promise<FlowDocument[]> {
  const { rows } = await settee.services.couch
    .admin<FlowDocument>(account.database)
    .list({ include_docs: true, start_key: 'flow:', end_key: 'flow:\ufff0' });
  return rows.flatMap(({ doc }) => (doc ? [doc as FlowDocument] : []));
}

test('files become flows with their nodes, edges and unknown fields, named after the file', async () => {
  const graphs = makeFlows({ seed: 11, count: 30 }).map(({ flow }) => flow);
  await mkdir(join(folder, 'more'));
  for (const [n, graph] of graphs.entries()) {
    await put(`${n % 2 === 0 ? '' : 'more/'}Flow number ${n}.json`, {
      ...graph,
      framework: ['Langchain'],
      n,
    });
  }
  await put('.hidden.json', graphs[0]);
  await put('readme.txt', 'no flow');

  const { code, printed } = await run();
  expect(code).toBe(0);
  expect(printed.at(-1)).toBe('30 imported, 0 there already, 0 not imported.');
  const stored = await flows();
  expect(stored).toHaveLength(30);
  for (const { name, type, version, flow } of stored) {
    const n = Number(name.replace('Flow number ', ''));
    expect({ type, version, flow }).toEqual({
      type: 'flow',
      version: '1.0.0',
      flow: { ...graphs[n], framework: ['Langchain'], n },
    });
  }
});

test('running it twice changes nothing, and an edit made in between stays', async () => {
  const [graph, other] = makeFlows({ seed: 12, count: 2 });
  await put('a.json', graph?.flow);
  await put('b.json', other?.flow);
  await run();
  const [first] = await flows();
  if (!first) throw new Error('nothing was imported');
  await settee.services.couch
    .admin<FlowDocument>(account.database)
    .insert({ ...first, name: 'renamed by hand' });

  await rm(join(folder, 'a.json'));
  await put('moved.json', graph?.flow);
  const { code, printed } = await run();
  expect(code).toBe(0);
  expect(printed.at(-1)).toBe('0 imported, 2 there already, 0 not imported.');
  expect((await flows()).map(({ name }) => name)).toContain('renamed by hand');
});

test('bad files are reported with their reason and stop nothing', async () => {
  const [good, twin] = makeFlows({ seed: 13, count: 2, size: 900 });
  await put('1 good.json', good?.flow);
  await put('2 twin.json', good?.flow);
  await put('3 text.json', 'not json {');
  await put('4 list.json', [1, 2, 3]);
  await put('5 no nodes.json', { edges: [] });
  await put('6 bad node.json', { ...twin?.flow, nodes: [{ noId: true }] });
  // The document has fields beside the file's: it is too large where the file just is not.
  const empty = '{"nodes":[],"edges":[],"blob":""}';
  const blob = 'x'.repeat(limits.documentBytes - empty.length);
  await put('7 nearly.json', empty.replace('""', `"${blob}"`));
  await put('8 large.json', empty.replace('""', `"${blob}x"`));

  const { code, warned, printed } = await run();
  expect(code).toBe(1);
  expect(warned).toEqual([
    '2 twin.json: not imported, it is the same flow as 1 good.json',
    '3 text.json: not imported, it is not JSON',
    expect.stringMatching(/^4 list\.json: not imported, it holds no React Flow graph/),
    expect.stringMatching(/^5 no nodes\.json: not imported, it holds no React Flow graph/),
    expect.stringMatching(/^6 bad node\.json: not imported, flow\.nodes\.0\.id/),
    expect.stringMatching(/^7 nearly\.json: not imported, its flow is larger than/),
    expect.stringMatching(/^8 large\.json: not imported, its flow is larger than/),
  ]);
  expect(printed.at(-1)).toBe('1 imported, 0 there already, 7 not imported.');
  expect(await flows()).toHaveLength(1);
});

test('wrapped graphs are unwrapped, and an export keeps its id and fields', async () => {
  const [text, whole] = makeFlows({ seed: 14, count: 2, size: 900 });
  const id = '0d3f2f5e-8f9a-4c7e-9d42-0c2b8a6a1f10';
  await put('flowise.json', { name: 'From a list', flowData: JSON.stringify(text?.flow), deployed: false });
  await put('export.json', {
    ...whole,
    id,
    executionCount: 7,
    ownerId: 'me',
    createdAt: 'yesterday',
    tags: ['kept'],
  });
  expect((await run()).code).toBe(0);
  const stored = await flows();
  expect(stored.find(({ name }) => name === 'From a list')?.flow).toEqual(text?.flow);
  const exported = stored.find(({ _id }) => _id === flowDocId(id));
  expect(exported).toMatchObject({ name: whole?.name, tags: ['kept'], flow: whole?.flow });
  expect(exported).not.toHaveProperty('executionCount');
  expect(exported).not.toHaveProperty('ownerId');
  expect(Date.parse(exported?.createdAt ?? '')).not.toBeNaN();
});

test('unknown people, unknown spaces and empty folders are refused with words', async () => {
  await expect(run()).rejects.toThrow(/no \.json files/);
  await cp(new URL('../../../package.json', import.meta.url), join(folder, 'package.json'));
  const unknown = runCommand(importCommand, [folder, '--email', 'nobody@example.org'], {
    env: environmentOf(settee),
  });
  await expect(unknown).rejects.toThrow(/Nobody has an account/);
  await expect(run('--space', 'somewhere')).rejects.toThrow(/no space somewhere/);
  await expect(runCommand(importCommand, [folder])).rejects.toThrow(/--email is missing/);
  await expect(run('--color')).rejects.toThrow(/--color/);
});
