import { describe, expect, it } from 'vitest';
import type { Environment } from '../../client-sync/index.ts';
import { createRecovery } from '../../client-sync/replication/recovery.ts';
import { useSettee } from '../support/use-settee.ts';
import { graph, names, patient, useMeeting, type Person } from './space-members.ts';

type Change = Parameters<Parameters<Environment['onChange']>[0]>[0];

/** A world whose pauses after failures take hours from `wait` on, and whose changes a test announces. */
function createWorld() {
  let random = 0;
  const listeners = new Set<(change: Change) => void>();
  const environment: Partial<Environment> = {
    random: () => random,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    environment,
    wait: () => void (random = 5_000),
    tell(change: Change) {
      for (const listener of listeners) listener(change);
    },
  };
}

describe('after a failure', () => {
  const server = useSettee();
  const meeting = useMeeting(server);
  const status = ({ browser }: Person) => expect.poll(() => browser.settee.status.get(), patient);
  const save = ({ browser }: Person, name: string, spaceId?: string) =>
    browser.settee.flows.save({ name, flow: graph, ...(spaceId === undefined ? {} : { spaceId }) });
  /** Somebody in a team, whose requests for the team's databases fail while `fails` says so. */
  const failingTeam = async () => {
    const world = createWorld();
    const person = await meeting.join({ environment: world.environment });
    const other = await meeting.again(person);
    const team = await meeting.team(person);
    for (const one of [person, other]) await status(one).toMatchObject({ live: true, state: 'up-to-date' });
    // The pulls that confirm what was pushed have run.
    const { requests } = person.browser.network;
    const isQuiet = async () => {
      const before = requests.length;
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      return requests.length === before;
    };
    await expect.poll(isQuiet, patient).toBe(true);
    world.wait();
    const state = { fails: true };
    const asked: string[] = [];
    person.browser.network.intercept((url, init) => {
      if (!/\/db\/[^/]*space-/.test(url)) return undefined;
      asked.push(`${init.method} ${url}`);
      if (!state.fails) return undefined;
      return Promise.resolve(Response.json({ error: 'down', reason: 'down' }, { status: 500 }));
    });
    return { person, other, team, world, state, asked };
  };

  it('a space is tried again once the server was heard by another', async () => {
    const { person, other, team, state, asked } = await failingTeam();
    await save(person, 'in the team', team);
    await status(person).toMatchObject({ pending: { push: 1 }, lastError: 'down' });
    state.fails = false;
    const before = asked.length;
    await save(person, 'of mine');
    await expect.poll(() => names(other.browser), patient).toEqual(['in the team', 'of mine']);
    expect(asked.length).toBeGreaterThan(before);
    await status(person).toMatchObject({ state: 'up-to-date', pending: { push: 0 } });
  });

  it('a space that goes on failing is not asked each time the server is heard', async () => {
    const { person, other, team, asked } = await failingTeam();
    await save(person, 'in the team', team);
    await status(person).toMatchObject({ pending: { push: 1 }, lastError: 'down' });
    for (const name of ['1', '2', '3', '4', '5']) {
      await save(person, name);
      await expect.poll(() => names(other.browser), patient).toContain(name);
    }
    expect(asked.filter((request) => request.endsWith('_bulk_docs'))).toHaveLength(2);
  });

  it('the stream is opened again as well, and with it everything looked at', async () => {
    const world = createWorld();
    const person = await meeting.join({ environment: world.environment });
    const other = await meeting.again(person);
    const team = await meeting.team(person);
    for (const one of [person, other]) await status(one).toMatchObject({ live: true, state: 'up-to-date' });
    const { network } = person.browser;
    const streams = () => network.requests.filter((request) => request.endsWith('/live')).length;
    const before = streams();
    network.cut();
    await status(person).toMatchObject({ live: false });
    await expect.poll(streams, patient).toBeGreaterThan(before + 1);
    world.wait();
    const tried = streams();
    await expect.poll(streams, patient).toBeGreaterThan(tried);
    await save(person, 'in the team', team);
    await status(person).toMatchObject({ pending: { push: 1 } });
    network.mend();
    await save(person, 'of mine');
    await status(person).toMatchObject({ live: true, state: 'up-to-date', pending: { push: 0 } });
    await expect.poll(() => names(other.browser), patient).toEqual(['in the team', 'of mine']);
  });

  it('a network that comes back is used at once, also where sync has its times', async () => {
    const { person, other, team, world, state } = await failingTeam();
    await person.browser.settee.settings.update({ frequency: 'interval', intervalSeconds: 86_400 });
    await status(person).toMatchObject({ held: 'interval' });
    await save(person, 'in the team', team);
    await expect(person.browser.settee.sync.now()).rejects.toMatchObject({ code: 'offline' });
    state.fails = false;
    world.tell('online');
    await status(person).toMatchObject({ pending: { push: 0 } });
    // Its settings are the same by now.
    await other.browser.settee.sync.now();
    expect(await names(other.browser)).toContain('in the team');
  });
});

describe('whoever waits', () => {
  const open = () => {
    const state = { busy: 0, attempts: 0 };
    const recovery = createRecovery({ busyMilliseconds: () => state.busy });
    return { ...recovery, state, attempt: () => void (state.attempts += 1) };
  };

  it('tries once when the server is heard', () => {
    const { wait, heard, state, attempt } = open();
    wait(attempt);
    heard();
    heard();
    expect(state.attempts).toBe(1);
  });

  it('does not while the server wants to be left alone, nor after it was forgotten', () => {
    const { wait, heard, forget, state, attempt } = open();
    wait(attempt);
    state.busy = 1_000;
    heard();
    expect(state.attempts).toBe(0);
    state.busy = 0;
    heard();
    expect(state.attempts).toBe(1);
    wait(attempt);
    forget(attempt);
    heard();
    expect(state.attempts).toBe(1);
  });
});
