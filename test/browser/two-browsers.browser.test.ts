import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFlows, realFlows } from '../support/flows.ts';
import { startSettee, type TestSettee } from '../support/settee.ts';
import { flowsOf, openProfile, signIn, signUp, waitForSync, type Profile } from './profile.ts';

const email = 'two-browsers@example.org';
const password = 'a sofa for two';

/** The graphs to save: those that people drew where they are at hand, else made ones of the same shape. */
function graphs(): { name: string; flow: unknown }[] {
  const real = realFlows();
  if (real.length > 0) return real;
  return makeFlows({ seed: 34, count: 34 }).map(({ name, flow }) => ({ name, flow }));
}

async function rename(page: Page, names: Record<string, string>): Promise<void> {
  await page.evaluate(async (wanted) => {
    for (const [id, name] of Object.entries(wanted)) {
      const flow = await window.settee.flows.get(id);
      if (flow) await window.settee.flows.save({ ...flow, name });
    }
  }, names);
}

describe('two browsers of one person', () => {
  let server: TestSettee;
  let a: Profile;
  let b: Profile;
  let ids: string[];
  const drawn = graphs();

  beforeAll(async () => {
    server = await startSettee({ pages: 'dist/studio' });
    [a, b] = await Promise.all([openProfile(server.url), openProfile(server.url)]);
  });
  afterAll(async () => {
    await Promise.all([a?.close(), b?.close()]);
    await server?.stop();
  });

  const bothEqual = async () => {
    await expect
      .poll(async () => isDeepStrictEqual(await flowsOf(a.page), await flowsOf(b.page)), { timeout: 60_000 })
      .toBe(true);
  };

  it('shows in B, whole, every flow that A dropped on the page', async () => {
    await signUp(a.page, email, password);
    const folder = await mkdtemp(join(tmpdir(), 'settee-flows-'));
    const files = drawn.map(({ name }) => join(folder, `${name}.json`));
    await Promise.all(
      drawn.map(({ flow }, index) => writeFile(files[index] as string, JSON.stringify(flow))),
    );
    await a.page.getByLabel('Flow files').setInputFiles(files);
    await expect.poll(async () => Object.keys(await flowsOf(a.page)).length).toBe(drawn.length);
    await rm(folder, { recursive: true });

    await signIn(b.page, email, password);
    await expect
      .poll(async () => Object.keys(await flowsOf(b.page)).length, { timeout: 60_000 })
      .toBe(drawn.length);
    const inB = Object.values(await flowsOf(b.page));
    for (const { name, flow } of drawn) {
      expect(inB.find((candidate) => candidate.name === name)?.flow).toEqual(flow);
    }
    await bothEqual();
    await waitForSync(a.page, 'up-to-date');
    await waitForSync(b.page, 'up-to-date');
    ids = Object.keys(await flowsOf(a.page)).toSorted();
  });

  it('lists the flows on the page and counts their nodes', async () => {
    await expect(b.page.locator('tr[data-flow]').count()).resolves.toBe(drawn.length);
  });

  it('brings together what A edited offline and what B edited meanwhile', async () => {
    a.link.cut();
    const [inA, inB] = [ids.slice(0, 20), ids.slice(20)];
    await rename(a.page, Object.fromEntries(inA.map((id) => [id, `offline ${id}`])));
    await rename(b.page, Object.fromEntries(inB.map((id) => [id, `elsewhere ${id}`])));
    await waitForSync(a.page, 'offline');
    a.link.mend();
    await a.page.getByRole('button', { name: 'Sync now' }).click();
    await bothEqual();
    const names = Object.values(await flowsOf(b.page)).map((flow) => String(flow.name));
    expect(names.filter((name) => name.startsWith('offline '))).toHaveLength(20);
    expect(names.filter((name) => name.startsWith('elsewhere '))).toHaveLength(ids.length - 20);
    await expect(a.page.evaluate(() => window.settee.conflicts.list())).resolves.toEqual([]);
  });

  it('keeps both sides of the same field changed apart, and settles it everywhere by one choice', async () => {
    const id = ids[0] as string;
    a.link.cut();
    b.link.cut();
    await rename(a.page, { [id]: 'as A wants it' });
    await rename(b.page, { [id]: 'as B wants it' });
    a.link.mend();
    b.link.mend();
    await Promise.all([a, b].map(({ page }) => page.evaluate(() => window.settee.sync.now())));
    await Promise.all([a, b].map(({ page }) => page.locator(`[data-conflict="${id}"]`).waitFor()));
    for (const { page } of [a, b]) {
      const [conflict, ...others] = await page.evaluate(() => window.settee.conflicts.list());
      expect(others).toEqual([]);
      expect(new Set([conflict?.local?.name, conflict?.server?.name])).toEqual(
        new Set(['as A wants it', 'as B wants it']),
      );
    }
    await a.page.locator(`[data-conflict="${id}"]`).getByRole('button', { name: 'Keep local' }).click();
    await Promise.all(
      [a, b].map(({ page }) => page.locator(`[data-conflict="${id}"]`).waitFor({ state: 'detached' })),
    );
    for (const { page } of [a, b]) {
      const names = await page.evaluate(
        async (flowId) => ({
          now: (await window.settee.flows.get(flowId))?.name,
          kept: (await window.settee.versions.list(flowId)).map((version) => version.flow.name),
        }),
        id,
      );
      expect(names).toEqual({ now: 'as A wants it', kept: ['as B wants it'] });
    }
  });

  it('shows everything after a reload without a network', async () => {
    const before = await flowsOf(a.page);
    await a.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    a.link.cut();
    await a.page.reload();
    await a.page.waitForFunction(() => 'settee' in window);
    expect(await flowsOf(a.page)).toEqual(before);
    await expect.poll(() => a.page.locator('tr[data-flow]').count()).toBe(ids.length);
    a.link.mend();
    await waitForSync(a.page, 'up-to-date');
  });

  it('refills a local database that the browser evicted', async () => {
    const before = await flowsOf(b.page);
    await b.page.goto(`${b.link.url}/icon.svg`);
    await b.page.evaluate(async () => {
      for (const { name } of await indexedDB.databases()) {
        await new Promise<void>((resolve, reject) => {
          const request = indexedDB.deleteDatabase(name as string);
          request.addEventListener('success', () => resolve());
          request.addEventListener('error', () => reject(request.error as Error));
        });
      }
    });
    await b.page.goto(b.link.url);
    await b.page.waitForFunction(() => 'settee' in window);
    await expect.poll(() => flowsOf(b.page), { timeout: 60_000 }).toEqual(before);
  });

  it('lists a refused document with its reason and goes on with the others', async () => {
    const huge = await a.page.evaluate(async () => {
      const flow = await window.settee.flows.save({
        name: 'too large',
        flow: { nodes: [], edges: [], note: 'x'.repeat(9_000_000) },
      });
      await window.settee.flows.save({ name: 'after it', flow: { nodes: [], edges: [] } });
      return flow.id;
    });
    const row = a.page.locator(`[data-refused="flow:${huge}"]`);
    await row.waitFor({ timeout: 60_000 });
    expect(await row.textContent()).toMatch(/large|size/i);
    await expect
      .poll(async () => Object.values(await flowsOf(b.page)).map((flow) => flow.name), { timeout: 60_000 })
      .toContain('after it');
    await a.page.evaluate((id) => window.settee.refused.discard(`flow:${id}`), huge);
  });

  it('serves eight tabs of one profile with one stream', async () => {
    const tabs = await Promise.all(Array.from({ length: 7 }, () => b.openTab()));
    const all = [b.page, ...tabs];
    const name = `seen in ${all.length} tabs`;
    await rename(a.page, { [ids[1] as string]: name });
    for (const tab of all) {
      await expect
        .poll(() => tab.evaluate(async (id) => (await window.settee.flows.get(id))?.name, ids[1] as string), {
          timeout: 30_000,
        })
        .toBe(name);
    }
    await Promise.all(
      all.map((tab, index) =>
        tab.evaluate(
          (n) => window.settee.flows.save({ name: n, flow: { nodes: [], edges: [] } }),
          `from tab ${index}`,
        ),
      ),
    );
    await expect
      .poll(
        async () =>
          Object.values(await flowsOf(a.page)).filter((flow) => String(flow.name).startsWith('from tab'))
            .length,
        {
          timeout: 60_000,
        },
      )
      .toBe(8);
    const asking = new Set<number>();
    for (const [index, tab] of all.entries()) {
      tab.on('request', (request) => {
        if (request.url().includes('/db/') || request.url().endsWith('/live')) asking.add(index);
      });
    }
    const rung = 'rings the one stream';
    await rename(a.page, { [ids[2] as string]: rung });
    const seen = (tab: Page) =>
      tab.evaluate(async (id) => (await window.settee.flows.get(id))?.name, ids[2] as string);
    for (const tab of all) await expect.poll(() => seen(tab), { timeout: 30_000 }).toBe(rung);
    expect(asking.size).toBe(1);
    await Promise.all(tabs.map((tab) => tab.close()));
    await rename(a.page, { [ids[2] as string]: 'after the tabs closed' });
    await expect
      .poll(
        () => b.page.evaluate(async (id) => (await window.settee.flows.get(id))?.name, ids[2] as string),
        { timeout: 60_000 },
      )
      .toBe('after the tabs closed');
  });
});
