import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { localNames } from '../../client-sync/local/names.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import { copyName } from '../../client-sync/spaces/copies.ts';
import { useSettee } from '../support/use-settee.ts';
import { createFaults, quotaExceeded } from './faulty-memory.ts';
import { openBrowser } from './open-settee.ts';
import {
  graph,
  names,
  openSpaces,
  patient,
  seesNoSpace,
  seesSpace,
  useMeeting,
  type Person,
} from './space-members.ts';

describe('spaces in the browser', () => {
  const server = useSettee();
  const meeting = useMeeting(server);
  const meet = async (role: 'editor' | 'viewer') => {
    const [ada, ben] = await Promise.all([meeting.join(), meeting.join()]);
    const team = await meeting.team(ada, [ben, role]);
    return { ada, ben, team };
  };
  /** Syncs both, so that what one wrote is with the other. */
  const exchange = async (from: Person, to: Person) => {
    await from.browser.settee.sync.now();
    await to.browser.settee.sync.now();
  };

  it('open when the membership arrives, and hold the flows of their own', async () => {
    const { ada, ben, team } = await meet('editor');
    const made = await ada.browser.settee.flows.save({ name: 'Shared', flow: graph, spaceId: team });
    expect(made.spaceId).toBe(team);
    await ada.browser.settee.flows.save({ name: 'Private', flow: graph });
    await exchange(ada, ben);
    await expect.poll(() => names(ben.browser), patient).toEqual(['Shared']);
    const edited = await ben.browser.settee.flows.save({ id: made.id, name: 'Shared, edited' });
    expect(edited.spaceId).toBe(team);
    await exchange(ben, ada);
    await expect.poll(() => names(ada.browser), patient).toEqual(['Private', 'Shared, edited']);
    expect(await names(ada.browser, team)).toEqual(['Shared, edited']);
    const personal = (await ada.browser.settee.spaces.list())[0];
    expect(await names(ada.browser, personal?.id)).toEqual(['Private']);
  });

  it('are there after a restart without a network', async () => {
    const { ada, team } = await meet('editor');
    await ada.browser.settee.flows.save({ name: 'Kept', flow: graph, spaceId: team });
    ada.browser.network.cut();
    await ada.browser.reload();
    expect(await openSpaces(ada.browser)).toContain(team);
    expect(await names(ada.browser, team)).toEqual(['Kept']);
    const later = await ada.browser.settee.flows.save({ name: 'Later', flow: graph, spaceId: team });
    expect(later.spaceId).toBe(team);
  });

  it('take a new name, and a higher role, while they are open', async () => {
    const { ada, ben, team } = await meet('viewer');
    const heard: string[] = [];
    const end = ben.browser.settee.spaces.watch((spaces) => {
      const found = spaces.find(({ id }) => id === team);
      heard.push(`${found?.name} ${found?.role}`);
    });
    await ada.browser.settee.spaces.rename(team, 'The other team');
    await ada.browser.settee.spaces.setRole(team, ben.userId, 'editor');
    await expect.poll(() => heard.at(-1), patient).toBe('The other team editor');
    await ben.browser.settee.flows.save({ name: 'By Ben', flow: graph, spaceId: team });
    expect(await ben.browser.settee.notices.list()).toEqual([]);
    end();
  });

  it('are read-only for viewers, who run flows all the same', async () => {
    const { ada, ben, team } = await meet('viewer');
    const { id } = await ada.browser.settee.flows.save({ name: 'Look', flow: graph, spaceId: team });
    await exchange(ada, ben);
    await expect.poll(() => names(ben.browser, team), patient).toEqual(['Look']);
    const { flows, versions, executions } = ben.browser.settee;
    await expect(flows.save({ id, name: 'Touched' })).rejects.toMatchObject({ code: 'read_only' });
    await expect(flows.save({ name: 'New', flow: graph, spaceId: team })).rejects.toMatchObject({
      code: 'read_only',
      message: expect.stringContaining('viewer'),
    });
    await expect(flows.remove(id)).rejects.toMatchObject({ code: 'read_only' });
    await expect(versions.save(id)).rejects.toMatchObject({ code: 'read_only' });
    const run = await executions.start({ flowId: id });
    await executions.complete(run.id, { status: 'completed' });
    await exchange(ben, ada);
    expect(await ada.browser.settee.executions.list()).toMatchObject({ total: 0 });
    expect(await ben.browser.settee.refused.list()).toEqual([]);
  });

  it('hold the runs of their flows, for every member', async () => {
    const { ada, ben, team } = await meet('editor');
    const { id } = await ada.browser.settee.flows.save({ name: 'Run me', flow: graph, spaceId: team });
    const run = await ada.browser.settee.executions.start({ flowId: id });
    await ada.browser.settee.executions.complete(run.id, { status: 'completed', output: { answer: 42 } });
    await exchange(ada, ben);
    await expect
      .poll(() => ben.browser.settee.executions.get(run.id), patient)
      .toMatchObject({
        status: 'completed',
        flowName: 'Run me',
      });
  });

  it('let editors delete nothing, and owners everything', async () => {
    const { ada, ben, team } = await meet('editor');
    const { id } = await ada.browser.settee.flows.save({ name: 'Short', flow: graph, spaceId: team });
    await exchange(ada, ben);
    await expect.poll(() => names(ben.browser, team), patient).toEqual(['Short']);
    await expect(ben.browser.settee.flows.remove(id)).rejects.toMatchObject({ code: 'forbidden' });
    await ada.browser.settee.flows.remove(id);
    await exchange(ada, ben);
    await expect.poll(() => names(ben.browser, team), patient).toEqual([]);
  });

  it('go with the user who leaves, and with the space', async () => {
    const { ada, ben, team } = await meet('editor');
    await ada.browser.settee.flows.save({ name: 'By Ada', flow: graph, spaceId: team });
    await ben.browser.settee.flows.save({ name: 'By Ben', flow: graph, spaceId: team });
    await exchange(ada, ben);
    await ben.browser.settee.spaces.leave(team);
    await seesNoSpace(ben.browser, team);
    // All of it was on the server: nothing had to be kept.
    await expect.poll(() => ben.browser.settee.notices.list(), patient).toMatchObject([{ flowIds: [] }]);
    expect(await names(ben.browser)).toEqual([]);
    expect(await ada.browser.settee.spaces.members(team)).toHaveLength(1);
    await ada.browser.settee.spaces.remove(team);
    await ada.browser.settee.sync.now();
    await seesNoSpace(ada.browser, team);
    await expect
      .poll(() => ada.browser.settee.notices.list(), patient)
      .toMatchObject([{ kind: 'space-deleted', flowIds: [] }]);
  });

  it('count for signing out, and their data goes with it', async () => {
    const { ada, team } = await meet('editor');
    await ada.browser.settee.sync.now();
    ada.browser.network.cut();
    await ada.browser.settee.flows.save({ name: 'Unpushed', flow: graph, spaceId: team });
    await expect(ada.browser.settee.account.signOut()).rejects.toMatchObject({
      code: 'unpushed_changes',
      count: 1,
    });
    await ada.browser.settee.account.signOut({ discardUnpushed: true });
    expect(await ada.browser.settee.spaces.list()).toHaveLength(1);
    expect(await names(ada.browser)).toEqual([]);
    ada.browser.network.mend();
    const { email, password } = ada;
    await ada.browser.settee.account.signIn({ email, password });
    await seesSpace(ada.browser, team);
    await ada.browser.settee.sync.now();
    expect(await names(ada.browser, team)).toEqual([]);
  });

  it('count for signing out where what they held could not be kept when they ended', async () => {
    const faults = createFaults();
    const [ada, ben] = await Promise.all([meeting.join(), meeting.join({ adapter: faults.adapter })]);
    const team = await meeting.team(ada, [ben, 'editor']);
    const { settee, network } = ben.browser;
    await settee.sync.now();
    network.cut();
    await settee.flows.save({ name: 'Unpushed', flow: graph, spaceId: team });
    await ada.browser.settee.spaces.removeMember(team, ben.userId);
    faults.onWrite(({ ids }) => (ids[0]?.startsWith('flow:') === true ? quotaExceeded() : undefined));
    network.mend();
    await seesNoSpace(ben.browser, team);
    await expect(settee.account.signOut()).rejects.toMatchObject({ code: 'unpushed_changes', count: 1 });
    faults.onWrite(null);
    await settee.account.signOut();
    await settee.account.signIn({ email: ben.email, password: ben.password });
    await expect.poll(() => names(ben.browser), patient).toEqual(['Unpushed (copy)']);
  });

  it('do not show to the next person at the same browser', async () => {
    const { ada, ben, team } = await meet('editor');
    await ada.browser.settee.flows.save({ name: 'Between us', flow: graph, spaceId: team });
    const carl = await meeting.join();
    await ada.browser.settee.account.signIn({ email: carl.email, password: carl.password });
    expect(await openSpaces(ada.browser)).toEqual([carl.userId]);
    expect(await names(ada.browser)).toEqual([]);
    await ada.browser.settee.account.signIn({ email: ada.email, password: ada.password });
    expect(await names(ada.browser, team)).toEqual(['Between us']);
    await exchange(ada, ben);
    await expect.poll(() => names(ben.browser, team), patient).toEqual(['Between us']);
  });

  it('are filled again where the browser removed the data of one alone', async () => {
    const name = `evicted-${randomUUID()}`;
    const ada = await meeting.join({ name, adapter: 'memory' });
    const team = await meeting.team(ada);
    await ada.browser.settee.flows.save({ name: 'Filled again', flow: graph, spaceId: team });
    await ada.browser.settee.flows.save({ name: 'Private', flow: graph });
    await ada.browser.settee.sync.now();
    await ada.browser.settee.close();
    const opener = await createPouchOpener('memory');
    const personal = localNames(name, server.url).databases(ada.userId);
    const main = opener.openLocal(personal);
    const membership = await main.get(`membership:${team}`);
    await main.close();
    const copy = copyName({ id: team, grant: String(membership.grant) });
    await opener.openLocal(`${personal}-${copy}`).destroy();
    const again = await openBrowser(server.url, { name, adapter: 'memory', storage: ada.browser.storage });
    await expect.poll(() => names(again), patient).toEqual(['Filled again', 'Private']);
    expect(await again.settee.notices.list()).toEqual([]);
    await again.close();
  });
});
