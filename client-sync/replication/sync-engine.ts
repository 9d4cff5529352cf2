import type { RetryAfter } from '../account/retry-after.ts';
import type { ServerClock } from '../account/server-clock.ts';
import type { Environment } from '../environment.ts';
import type { LiveEvent } from '../live/live-event.ts';
import type { LiveStream, StreamState } from '../live/stream.ts';
import type { SyncEvent } from '../status/sync-facts.ts';
import type { SpaceWorkspace, Workspace } from '../workspace.ts';
import { backoffMilliseconds } from './backoff.ts';
import type { DatabaseSyncOptions } from './database-sync-types.ts';
import { isSpaceEnd } from './remote-database.ts';
import { createScheduler } from './scheduler.ts';
import type { ServerAccess } from './server-access.ts';
import type { Pace } from './pace.ts';
import { allOf } from './all-of.ts';
import { createSpaceSync, type SpaceSync } from './space-sync.ts';

/** Sync of all that is open, in the one tab that does it. */
export interface SyncEngine {
  /** Pushes and pulls all there is; rejects where that fails. */
  now: () => Promise<void>;
  /** How often to sync, from now on. */
  setPace: (pace: Pace) => void;
  stop: () => Promise<void>;
}

export interface EngineOptions {
  workspace: Workspace;
  access: ServerAccess;
  environment: Environment;
  clock: ServerClock;
  retryAfter: RetryAfter;
  /** How often everything is looked at where no stream tells what to look at, in milliseconds. */
  pollMilliseconds: number;
  pace: Pace;
  /** Opens the stream of hints. */
  openStream: (handlers: {
    onEvent: (event: LiveEvent) => void;
    onState: (state: StreamState) => void;
    pauseAfter: (failures: number) => number;
  }) => LiveStream;
  fill: DatabaseSyncOptions['fill'];
  dispatch: (event: SyncEvent) => void;
  /** The personal space has caught up for the first time since the start. */
  onFirstSync: () => void;
  /** A pull of the space has passed the last push, and nothing waits there. */
  onSettled: (space: SpaceWorkspace, pushedThrough: number | null) => void;
}

/** Everything is looked at so often whatever hints say. */
const lookMilliseconds = 5 * 60_000;
/** A browser opens few connections to one server: where plain replication has to do, more spaces than these wait for a look. */
const plainSpaces = 3;
/** Edits that come in one go are sent together. */
const gatherMilliseconds = 5;

export function createSyncEngine(options: EngineOptions): SyncEngine {
  const { workspace, access, environment, clock, retryAfter } = options;
  const [scheduler, fillScheduler] = [createScheduler(2), createScheduler(2)];
  const open = new Map<SpaceWorkspace, SpaceSync>();
  /** Those that the server says are over, until their membership says so as well. */
  const ended = new WeakSet<SpaceWorkspace>();
  let pace = options.pace;
  let stream: LiveStream | null = null;
  let streamState: StreamState = 'connecting';
  let lastLook = 0;
  let hasSynced = false;
  let stopped = false;

  const dispatch: typeof options.dispatch = (event) => {
    if (!stopped) options.dispatch(event);
  };
  const pauseAfter = (count: number) =>
    Math.max(backoffMilliseconds(count, environment.random()), retryAfter.remaining());
  const settled = (space: SpaceWorkspace, pushedThrough: number | null) => {
    if (stopped) return;
    options.onSettled(space, pushedThrough);
    if (hasSynced || space !== workspace.personal) return;
    hasSynced = true;
    options.onFirstSync();
  };
  const failed = (space: SpaceWorkspace, error: unknown) => {
    const isMissing = (error as { status?: number } | null)?.status === 404;
    if (space !== workspace.personal && (isSpaceEnd(error) || isMissing)) end(space);
  };
  const end = (space: SpaceWorkspace) => {
    ended.add(space);
    void stopSpace(space);
    personal().main.ring();
  };
  const stopSpace = async (space: SpaceWorkspace): Promise<void> => {
    const sync = open.get(space);
    open.delete(space);
    await sync?.stop();
  };
  const openSpace = (space: SpaceWorkspace): SpaceSync => {
    const sync = createSpaceSync({
      workspace: space,
      access,
      scheduler,
      fillScheduler,
      pauseAfter,
      busyMilliseconds: retryAfter.remaining,
      dispatch,
      fill: options.fill,
      gatherMilliseconds: () => (pace.frequency === 'live' ? gatherMilliseconds : null),
      iso: clock.iso,
      now: clock.now,
      keptMonths: () => pace.months,
      onFailure: (error) => failed(space, error),
      onSettled: (pushedThrough) => settled(space, pushedThrough),
    });
    open.set(space, sync);
    return sync;
  };
  const personal = (): SpaceSync => open.get(workspace.personal) ?? openSpace(workspace.personal);
  const matchSpaces = () => {
    const wanted = workspace.all();
    for (const space of open.keys()) if (!wanted.includes(space)) void stopSpace(space);
    for (const space of wanted) {
      if (open.has(space) || ended.has(space)) continue;
      const sync = openSpace(space);
      if (lastLook > 0 && pace.frequency !== 'manual') quietly(sync.runAll());
    }
    choosePlain();
  };
  /** Where no stream can be had, the first spaces are replicated live, the personal one before all. */
  const choosePlain = () => {
    const isPlain = streamState === 'unavailable' && pace.frequency === 'live';
    [...open.values()].forEach(({ main }, index) => main.setLive(isPlain && index < plainSpaces));
  };
  const learnMonths = async (): Promise<void> => {
    const remote = await access.spaces();
    for (const { id, months } of remote) {
      for (const sync of open.values()) if (sync.id === id) sync.learnMonths(months);
    }
  };
  /** Memberships first: edits are not to be sent to a space that is the user's no more. */
  const look = async (): Promise<void> => {
    lastLook = environment.now();
    for (const space of workspace.all()) ended.delete(space);
    const first = personal().main.run('pull');
    const months = learnMonths();
    await Promise.allSettled([first, months]);
    // What has just arrived may open spaces, and end others.
    await workspace.settle().catch(() => {});
    matchSpaces();
    const runs = [...open].map(([space, sync]) =>
      sync.runAll().catch((error: unknown) => {
        if (open.get(space) === sync) throw error;
      }),
    );
    await allOf([first, months, ...runs]);
  };
  let busy: ReturnType<typeof setTimeout> | undefined;
  const lookQuietly = () => {
    clearTimeout(busy);
    if (stopped) return;
    const milliseconds = retryAfter.remaining();
    if (milliseconds > 0) busy = setTimeout(lookQuietly, milliseconds);
    else quietly(look());
  };
  const poll = () => {
    if (streamState === 'open' || pace.frequency !== 'live' || !environment.isVisible()) return;
    const work = [...open.values()].map((sync, index) =>
      index < plainSpaces && streamState === 'unavailable' ? sync.runMonths() : sync.runAll(),
    );
    quietly(learnMonths().then(() => allOf(work)));
  };
  const hear = (event: LiveEvent) => {
    if (event.type === 'hello') return lookQuietly();
    if (event.type === 'resumed') return [...open.values()].forEach((sync) => sync.retry());
    if (event.type === 'hint') {
      const place = /-runs-(\d{4}-\d{2})$/.exec(event.database)?.[1] ?? 'main';
      for (const sync of open.values()) if (sync.id === event.space) sync.ring(place);
    }
    if (event.type !== 'granted' && event.type !== 'role' && event.type !== 'revoked') return undefined;
    const space = workspace.get(event.space);
    if (event.type === 'revoked' && space && space !== workspace.personal) return end(space);
    return personal().main.ring();
  };
  const changeStream = (state: StreamState) => {
    if (stopped) return;
    streamState = state;
    dispatch({ type: 'live', live: state === 'open' });
    choosePlain();
    // Finds out whether the network is gone, or only the stream.
    if (state === 'broken') quietly(personal().main.run('pull'));
  };
  const timers: ReturnType<typeof setInterval>[] = [];
  const applyPace = () => {
    for (const timer of timers.splice(0)) clearInterval(timer);
    stream?.close();
    stream = null;
    changeStream('connecting');
    dispatch({ type: 'held', held: pace.frequency === 'live' ? null : pace.frequency });
    if (pace.frequency === 'manual') return;
    const isLive = pace.frequency === 'live';
    timers.push(setInterval(lookQuietly, isLive ? lookMilliseconds : pace.intervalSeconds * 1_000));
    if (isLive) {
      timers.push(setInterval(poll, options.pollMilliseconds));
      stream = options.openStream({ onEvent: hear, onState: changeStream, pauseAfter });
    }
    lookQuietly();
  };
  const endings = [
    environment.onChange((change) => {
      if (pace.frequency !== 'live') return;
      if (change === 'online') {
        stream?.retry();
        lookQuietly();
      }
      const isOld = environment.now() - lastLook > lookMilliseconds;
      if ((change === 'focus' || change === 'visible') && isOld) lookQuietly();
      else if (change === 'focus' || change === 'visible') poll();
    }),
    workspace.onSpaces(matchSpaces),
    workspace.onDropping(stopSpace),
  ];
  matchSpaces();
  applyPace();
  return {
    now: look,
    setPace(next) {
      if (JSON.stringify(next) === JSON.stringify(pace)) return;
      pace = next;
      applyPace();
    },
    async stop() {
      stopped = true;
      clearTimeout(busy);
      for (const timer of timers) clearInterval(timer);
      for (const ending of endings) ending();
      stream?.close();
      await Promise.all([...open.keys()].map(stopSpace));
    },
  };
}

function quietly(work: Promise<unknown>): void {
  work.catch(() => {
    // The status has been told.
  });
}
