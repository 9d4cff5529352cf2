import { describe, expect, it } from 'vitest';
import type { Environment } from '../../client-sync/index.ts';
import type { Browser } from './open-settee.ts';
import { names } from './space-members.ts';
import { graph, useBrowsers } from './use-browsers.ts';

const patient = { timeout: 20_000, interval: 20 };
type Change = Parameters<Parameters<Environment['onChange']>[0]>[0];

/** An environment whose changes a test announces. */
function createWorld() {
  const listeners = new Set<(change: Change) => void>();
  const world = { isMetered: false };
  const environment: Partial<Environment> = {
    random: () => 0,
    isMetered: () => world.isMetered,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return Object.assign(world, {
    environment,
    tell(change: Change) {
      for (const listener of listeners) listener(change);
    },
  });
}

describe('a browser with a live stream', () => {
  const { server, openPair } = useBrowsers();
  const status = ({ settee }: Browser) => expect.poll(() => settee.status.get(), patient);
  const asked = ({ network }: Browser, part: string) =>
    network.requests.filter((request) => request.includes(part)).length;

  it('holds one connection, asks nothing while nothing happens, and little when something does', async () => {
    const [a, b] = await openPair();
    await a.settee.flows.save({ name: 'first', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['first']);
    for (const browser of [a, b]) await status(browser).toMatchObject({ live: true, state: 'up-to-date' });
    const quiet = async () => {
      const before = b.network.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return b.network.requests.length === before;
    };
    await expect.poll(quiet, patient).toBe(true);
    b.network.requests.length = 0;
    await a.settee.flows.save({ name: 'second', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['first', 'second']);
    expect(asked(b, 'longpoll')).toBe(0);
    expect(asked(b, '/live')).toBe(0);
    expect(asked(b, '_bootstrap')).toBe(1);
    expect(asked(b, '_changes')).toBeLessThanOrEqual(2);
    expect(asked(b, '_bulk_get')).toBe(0);
    expect(asked(b, '_revs_diff')).toBe(0);
  });

  it('shows runs of another browser at once', async () => {
    const [a, b] = await openPair({}, { runsPullMilliseconds: 3_600_000 });
    await status(b).toMatchObject({ live: true, state: 'up-to-date' });
    const run = await a.settee.executions.start({ flowId: 'f' });
    const runs = async () => (await b.settee.executions.list()).executions.map(({ status: now }) => now);
    await expect.poll(runs, patient).toEqual(['running']);
    await a.settee.executions.complete(run.id, { status: 'completed' });
    await expect.poll(runs, patient).toEqual(['completed']);
  });

  it('follows by plain replication where no stream can be had, and goes back', async () => {
    const world = createWorld();
    const [a, b] = await openPair({}, { environment: world.environment });
    await status(b).toMatchObject({ live: true, state: 'up-to-date' });
    b.network.intercept((url) =>
      url.endsWith('/live') ? Promise.resolve(new Response('none', { status: 404 })) : undefined,
    );
    b.network.cut();
    b.network.mend();
    await expect.poll(() => asked(b, 'longpoll'), patient).toBeGreaterThan(0);
    expect(b.settee.status.get().live).toBe(false);
    await a.settee.flows.save({ name: 'by plain replication', flow: graph });
    await expect.poll(() => names(b), patient).toHaveLength(1);
    await b.settee.flows.save({ name: 'and back', flow: graph });
    await expect.poll(() => names(a), patient).toHaveLength(2);
    await status(b).toMatchObject({ state: 'up-to-date', pending: { push: 0 } });
    b.network.intercept(null);
    world.tell('online');
    await status(b).toMatchObject({ live: true, state: 'up-to-date' });
    const polls = asked(b, 'longpoll');
    await a.settee.flows.save({ name: 'by the stream', flow: graph });
    await expect.poll(() => names(b), patient).toHaveLength(3);
    await b.settee.flows.save({ name: 'once more', flow: graph });
    await expect.poll(() => names(a), patient).toHaveLength(4);
    expect(asked(b, 'longpoll')).toBe(polls);
  });

  it('misses nothing while the server restarts', async () => {
    const [a, b] = await openPair({}, { environment: { random: () => 0 } });
    await status(b).toMatchObject({ live: true });
    await server.restart();
    await a.settee.flows.save({ name: 'meanwhile', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['meanwhile']);
    await status(b).toMatchObject({ live: true, state: 'up-to-date' });
  });

  it('syncs when asked only, or every so often, as the user chose; and takes the choice from another browser', async () => {
    const [a, b] = await openPair();
    await status(b).toMatchObject({ state: 'up-to-date', live: true });
    await a.settee.settings.update({ frequency: 'manual' });
    await status(b).toMatchObject({ held: 'manual', live: false });
    await status(a).toMatchObject({ held: 'manual', live: false });
    await a.settee.flows.save({ name: 'asked for', flow: graph });
    await status(a).toMatchObject({ state: 'offline', pending: { push: 1 } });
    // What it was doing before it heard of the choice comes to its end.
    let heard = -1;
    const isQuiet = () => {
      const before = heard;
      heard = b.network.requests.length;
      return heard === before;
    };
    await expect.poll(isQuiet, { timeout: 20_000, interval: 1_500 }).toBe(true);
    await a.settee.sync.now();
    // Long enough for what a stream or a timer would begin.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(b.network.requests.slice(heard)).toEqual([]);
    expect(await names(b)).toEqual([]);
    await b.settee.sync.now();
    expect(await names(b)).toEqual(['asked for']);
    await status(b).toMatchObject({ state: 'up-to-date' });
    await b.settee.settings.update({ frequency: 'interval', intervalSeconds: 1 });
    await status(b).toMatchObject({ held: 'interval' });
    await b.settee.flows.save({ name: 'in its time', flow: graph });
    await status(b).toMatchObject({ state: 'up-to-date', pending: { push: 0 } });
    await a.settee.sync.now();
    await status(a).toMatchObject({ held: 'interval' });
    await expect.poll(() => names(a), patient).toEqual(['asked for', 'in its time']);
    await b.settee.settings.update({ frequency: null, intervalSeconds: null });
    expect(await b.settee.settings.get()).toEqual({});
    for (const browser of [a, b]) await status(browser).toMatchObject({ held: null, live: true });
    await expect(b.settee.settings.update({ network: 'carrier pigeon' as 'any' })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  it('waits for a network that costs nothing where the user wants that', async () => {
    const world = createWorld();
    const [a, b] = await openPair({}, { environment: world.environment });
    await status(b).toMatchObject({ live: true });
    await b.settee.settings.update({ network: 'unmetered' });
    await a.settee.flows.save({ name: 'over Wi-Fi', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['over Wi-Fi']);
    world.isMetered = true;
    world.tell('connection');
    await status(b).toMatchObject({ state: 'offline', held: 'metered', live: false });
    await b.settee.flows.save({ name: 'kept here', flow: graph });
    await expect(b.settee.sync.now()).rejects.toMatchObject({ code: 'offline' });
    expect(await names(a)).toEqual(['over Wi-Fi']);
    world.isMetered = false;
    world.tell('connection');
    await expect.poll(() => names(a), patient).toEqual(['kept here', 'over Wi-Fi']);
    await status(b).toMatchObject({ state: 'up-to-date', held: null, live: true });
  });
});
