import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createFaults, quotaExceeded } from './faulty-memory.ts';
import { createOrigin, sharedMemory } from './one-origin.ts';
import { memoryStorage, type Browser } from './open-settee.ts';
import { names } from './space-members.ts';
import { graph, newEmail, password, patient, useBrowsers } from './use-browsers.ts';

describe('what waits to be saved by itself', () => {
  const { open } = useBrowsers();
  const autosaveMilliseconds = 60_000;
  /** Two tabs of one browser, signed in. */
  const openTabs = async () => {
    const origin = createOrigin();
    const shared = { name: `tabs-${randomUUID()}`, storage: memoryStorage(), adapter: sharedMemory() };
    const openTab = () => open({ ...shared, environment: origin.openTab(), autosaveMilliseconds });
    const [here, there] = [await openTab(), await openTab()];
    const email = newEmail();
    await here.settee.account.register({ email, password });
    await expect.poll(() => there.settee.account.current()?.user.email, patient).toBe(email);
    return { here, there, email };
  };
  const type = async ({ settee }: Browser) => {
    const { id } = await settee.flows.save({ name: 'open', flow: graph });
    settee.flows.autosave(id).change({ name: 'typed a moment ago' });
  };

  it('stays with its person when another signs in, in every tab', async () => {
    const { here, there, email } = await openTabs();
    await type(here);
    await type(there);
    await here.settee.account.register({ email: newEmail(), password });
    await expect.poll(() => names(there), patient).toEqual([]);
    await here.settee.account.signIn({ email, password });
    expect(await names(here)).toEqual(['typed a moment ago', 'typed a moment ago']);
  });

  it('is kept where it cannot be written then, until its person is back', async () => {
    const faults = createFaults();
    const { settee } = await open({ adapter: faults.adapter, autosaveMilliseconds });
    const email = newEmail();
    await settee.account.register({ email, password });
    const { id } = await settee.flows.save({ name: 'open', flow: graph });
    const autosave = settee.flows.autosave(id);
    autosave.change({ name: 'typed a moment ago' });
    faults.onWrite(({ ids }) => (ids[0] === `flow:${id}` ? quotaExceeded() : undefined));
    await settee.account.register({ email: newEmail(), password });
    expect(autosave.state()).toBe('error');
    faults.onWrite(null);
    await settee.account.signIn({ email, password });
    await autosave.flush();
    expect(await settee.flows.get(id)).toMatchObject({ name: 'typed a moment ago' });
  });

  it('counts for signing out in another tab', async () => {
    const { here, there, email } = await openTabs();
    await type(here);
    await here.settee.sync.now();
    const tabs = [here, there];
    for (const { network } of tabs) network.cut();
    await expect(there.settee.account.signOut()).rejects.toMatchObject({ code: 'unpushed_changes' });
    for (const { network } of tabs) network.mend();
    await there.settee.account.signOut();
    await there.settee.account.signIn({ email, password });
    await expect.poll(() => names(there), patient).toEqual(['typed a moment ago']);
  });

  it('goes where the user gives it up by signing out in another tab', async () => {
    const { here, there, email } = await openTabs();
    await type(here);
    await here.settee.sync.now();
    await there.settee.account.signOut({ discardUnpushed: true });
    await expect.poll(() => here.settee.account.current(), patient).toBeNull();
    expect(await names(here)).toEqual([]);
    await there.settee.account.signIn({ email, password });
    await expect.poll(() => names(there), patient).toEqual(['open']);
  });
});
