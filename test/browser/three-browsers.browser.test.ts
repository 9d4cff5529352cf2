import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFlows } from '../support/flows.ts';
import { startSettee, type TestSettee } from '../support/settee.ts';
import { startPlainPouch } from './plain-pouch.ts';
import { openProfile, signUp, waitForSync, type Profile } from './profile.ts';

const password = 'a sofa for three';
const patience = { timeout: 60_000 };

const nameOf = (page: Page, id: string) =>
  page.evaluate(async (flowId) => (await window.settee.flows.get(flowId))?.name, id);

const descriptionOf = (page: Page, id: string) =>
  page.evaluate(async (flowId) => (await window.settee.flows.get(flowId))?.description, id);

const save = (page: Page, change: { id: string; name?: string; description?: string }) =>
  page.evaluate(
    (wanted) =>
      window.settee.flows.save(wanted).then(
        () => 'saved',
        (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
      ),
    change,
  );

describe('three people and a team', () => {
  const people = {
    owner: { email: 'ada-owner@example.org', password },
    editor: { email: 'eve-editor@example.org', password },
    viewer: { email: 'vic-viewer@example.org', password },
  };
  let server: TestSettee;
  let owner: Profile;
  let editor: Profile;
  let viewer: Profile;
  let spaceId: string;
  let flowId: string;

  beforeAll(async () => {
    server = await startSettee({ pages: 'dist/studio' });
    [owner, editor, viewer] = await Promise.all([
      openProfile(server.url),
      openProfile(server.url),
      openProfile(server.url),
    ]);
    await signUp(owner.page, people.owner.email, password);
    await signUp(editor.page, people.editor.email, password);
  });
  afterAll(async () => {
    await Promise.all([owner?.close(), editor?.close(), viewer?.close()]);
    await server?.stop();
  });

  const invite = async (email: string, role: string): Promise<string> => {
    const { page } = owner;
    await page.getByLabel('Whom to invite').fill(email);
    await page.getByRole('combobox', { name: 'Role', exact: true }).selectOption(role);
    await page.getByRole('button', { name: 'Invite' }).click();
    const link = page.getByRole('link', { name: /invitations/ });
    await link.waitFor();
    const href = (await link.getAttribute('href')) as string;
    await page.getByRole('button', { name: 'Members of Kitchen' }).click();
    await page.getByRole('button', { name: 'Members of Kitchen' }).click();
    return new URL(href).hash;
  };

  it('come together by invitation, one of them without an account yet', async () => {
    const { page } = owner;
    await page.getByLabel('Name of the team').fill('Kitchen');
    await page.getByRole('button', { name: 'Create team' }).click();
    await page.getByRole('button', { name: 'Members of Kitchen' }).click();
    spaceId = (await page.locator('[data-space]').getAttribute('data-space')) as string;

    const forEditor = await invite(people.editor.email, 'editor');
    await editor.page.goto(`${editor.link.url}/${forEditor}`);
    await editor.page.getByText('invites you to Kitchen').waitFor();
    await editor.page.getByRole('button', { name: 'Accept' }).click();
    await editor.page.locator(`[data-space="${spaceId}"]`).waitFor(patience);

    const forViewer = await invite(people.viewer.email, 'viewer');
    await viewer.page.goto(`${viewer.link.url}/${forViewer}`);
    await viewer.page.getByText('Sign up or sign in above to join').waitFor();
    await signUp(viewer.page, people.viewer.email, password);
    await viewer.page.getByRole('button', { name: 'Accept' }).click();
    await viewer.page.locator(`[data-space="${spaceId}"]`).waitFor(patience);
  });

  it('edit together, live', async () => {
    const [drawn] = makeFlows({ seed: 3, count: 1 });
    flowId = await owner.page.evaluate(
      async ({ space, flow }) => (await window.settee.flows.save({ name: 'Soup', flow, spaceId: space })).id,
      { space: spaceId, flow: drawn?.flow },
    );
    await expect.poll(() => nameOf(editor.page, flowId), patience).toBe('Soup');
    await expect.poll(() => nameOf(viewer.page, flowId), patience).toBe('Soup');
    expect(await save(editor.page, { id: flowId, name: 'Tomato soup' })).toBe('saved');
    await expect.poll(() => nameOf(owner.page, flowId), patience).toBe('Tomato soup');
    expect(await save(owner.page, { id: flowId, description: 'with basil' })).toBe('saved');
    await expect.poll(() => descriptionOf(viewer.page, flowId), patience).toBe('with basil');
    // What the editor changes offline next is to start from this revision: else both changed the description.
    await expect.poll(() => descriptionOf(editor.page, flowId), patience).toBe('with basil');
  });

  it('merge by themselves what they changed apart, and an editor settles what overlaps', async () => {
    editor.link.cut();
    expect(await save(editor.page, { id: flowId, description: 'without basil' })).toBe('saved');
    expect(await save(owner.page, { id: flowId, name: 'Red soup' })).toBe('saved');
    editor.link.mend();
    for (const { page } of [owner, editor, viewer]) {
      await expect
        .poll(
          () =>
            page.evaluate(async (id) => {
              const flow = await window.settee.flows.get(id);
              return [flow?.name, flow?.description];
            }, flowId),
          patience,
        )
        .toEqual(['Red soup', 'without basil']);
    }

    editor.link.cut();
    expect(await save(editor.page, { id: flowId, name: 'Soup of the editor' })).toBe('saved');
    expect(await save(owner.page, { id: flowId, name: 'Soup of the owner' })).toBe('saved');
    editor.link.mend();
    const row = `[data-conflict="${flowId}"]`;
    await editor.page.locator(row).waitFor(patience);
    await owner.page.locator(row).waitFor(patience);
    await editor.page.locator(row).getByRole('button', { name: 'Keep local' }).click();
    await owner.page.locator(row).waitFor({ state: 'detached', ...patience });
    for (const { page } of [owner, editor, viewer]) {
      await expect.poll(() => nameOf(page, flowId), patience).toBe('Soup of the editor');
    }
    expect(
      await owner.page.evaluate(
        async (id) => (await window.settee.versions.list(id)).map(({ flow }) => flow.name),
        flowId,
      ),
    ).toContain('Soup of the owner');
  });

  it('tell a viewer clearly that he may not write, while his plain PouchDB goes on', async () => {
    expect(await save(viewer.page, { id: flowId, name: 'Mine' })).toMatch(/^read_only: /);
    await startPlainPouch(viewer.page, people.viewer, spaceId);
    const plainName = () =>
      viewer.page.evaluate((id) => window.plain.names().then((names) => names[id]), flowId);
    await expect.poll(plainName, patience).toBe('Soup of the editor');
    await viewer.page.evaluate((id) => window.plain.change(id), flowId);
    await expect
      .poll(() => viewer.page.evaluate(() => window.plain.denied.length), patience)
      .toBeGreaterThan(0);
    const other = await owner.page.evaluate(
      async (space) =>
        (
          await window.settee.flows.save({
            name: 'Bread',
            flow: { nodes: [], edges: [] },
            spaceId: space,
          })
        ).id,
      spaceId,
    );
    await expect
      .poll(
        () => viewer.page.evaluate((id) => window.plain.names().then((names) => names[id]), other),
        patience,
      )
      .toBe('Bread');
    expect(await viewer.page.evaluate(() => window.plain.errors)).toEqual([]);
    expect(await viewer.page.evaluate(() => window.plain.denied[0])).toMatch(/viewer/i);
    expect(await nameOf(owner.page, flowId)).toBe('Soup of the editor');
  });

  it('keep for somebody removed while offline what he had not sent', async () => {
    editor.link.cut();
    expect(await save(editor.page, { id: flowId, name: 'My unsent soup' })).toBe('saved');
    const row = owner.page.locator('[data-member]').filter({ hasText: people.editor.email });
    await row.getByRole('button', { name: /^Remove/ }).click();
    await row.waitFor({ state: 'detached' });
    editor.link.mend();
    await editor.page.locator('[data-notice="rescued"]').waitFor(patience);
    await editor.page.locator(`[data-space="${spaceId}"]`).waitFor({ state: 'detached', ...patience });
    const left = await editor.page.evaluate(async () => (await window.settee.flows.list()).flows);
    expect(left.map(({ name }) => name)).toEqual([expect.stringContaining('My unsent soup')]);
    expect(left.map(({ id }) => id)).not.toContain(flowId);
    await waitForSync(editor.page, 'up-to-date');
    expect(await nameOf(owner.page, flowId)).toBe('Soup of the editor');
    const databases = async () => {
      const all = await editor.page.evaluate(() => indexedDB.databases());
      return all.map(({ name }) => name).filter((name) => name?.includes(spaceId));
    };
    // They go after the notice has come.
    await expect.poll(databases, patience).toEqual([]);
  });
});
