import type { LiveEvent } from '../live/live-event.ts';
import type { LiveStream, StreamState } from '../live/stream.ts';
import { orAborted } from '../or-aborted.ts';
import { allOf } from './all-of.ts';
import { createSpaceSyncs } from './space-syncs.ts';
import type { EngineOptions, SyncEngine } from './sync-engine-types.ts';

/** Everything is looked at so often whatever hints say. */
const lookMilliseconds = 5 * 60_000;
/** A browser opens few connections to one server: where plain replication has to do, more spaces than these wait for a look. */
const plainSpaces = 3;

export function createSyncEngine(options: EngineOptions): SyncEngine {
  const { workspace, access, environment, retryAfter } = options;
  let pace = options.pace;
  let stream: LiveStream | null = null;
  let streamState: StreamState = 'connecting';
  let lastLook = 0;
  let busy: ReturnType<typeof setTimeout> | undefined;
  const ending = new AbortController();
  const { signal } = ending;

  const dispatch: typeof options.dispatch = (event) => {
    if (!signal.aborted) options.dispatch(event);
  };
  const spaces = createSpaceSyncs(
    {
      ...options,
      onSettled(space, pushedThrough) {
        if (!signal.aborted) options.onSettled(space, pushedThrough);
      },
    },
    { pace: () => pace, dispatch, onHeard: () => stream?.hurry() },
  );
  const matchSpaces = () => {
    spaces.match((sync) => {
      if (lastLook > 0 && pace.frequency !== 'manual') quietly(sync.runAll());
    });
    choosePlain();
  };
  /** Where no stream can be had, the first spaces are replicated live, the personal one before all. */
  const choosePlain = () => {
    const isPlain = streamState === 'unavailable' && pace.frequency === 'live';
    for (const [index, { main }] of spaces.all().entries()) main.setLive(isPlain && index < plainSpaces);
  };
  const learnMonths = async (): Promise<void> => {
    for (const { id, months } of await orAborted(access.spaces(), signal)) {
      for (const sync of spaces.all()) if (sync.id === id) sync.learnMonths(months);
    }
    spaces.heard();
  };
  /** Memberships first: edits are not to be sent to a space that is the user's no more. */
  const look = async (): Promise<void> => {
    lastLook = environment.now();
    spaces.forgive();
    const first = spaces.personal().main.run('pull');
    const months = learnMonths();
    await Promise.allSettled([first, months]);
    // What has just arrived may open spaces, and end others.
    await workspace.settle().catch(() => {});
    signal.throwIfAborted();
    matchSpaces();
    const runs = spaces.all().map((sync) =>
      sync.runAll().catch((error: unknown) => {
        if (spaces.isOpen(sync)) throw error;
      }),
    );
    await allOf([first, months, ...runs]);
  };
  const lookQuietly = () => {
    clearTimeout(busy);
    if (signal.aborted) return;
    const milliseconds = retryAfter.remaining();
    if (milliseconds > 0) busy = setTimeout(lookQuietly, milliseconds);
    else quietly(look());
  };
  const poll = () => {
    if (streamState === 'open' || !environment.isVisible()) return;
    const isPlain = streamState === 'unavailable';
    // Where plain replication could not begin.
    choosePlain();
    const runs = spaces
      .all()
      .map((sync, index) => (isPlain && index < plainSpaces ? sync.runMonths() : sync.runAll()));
    quietly(allOf([learnMonths(), ...runs]));
  };
  const hear = (event: LiveEvent) => {
    switch (event.type) {
      case 'hello':
        return lookQuietly();
      case 'resumed':
        return spaces.all().forEach((sync) => sync.retry());
      case 'hint': {
        const place = /-runs-(\d{4}-\d{2})$/.exec(event.database)?.[1] ?? 'main';
        return spaces.all().forEach((sync) => sync.id === event.space && sync.ring(place));
      }
      case 'revoked': {
        const space = workspace.get(event.space);
        if (space && space !== workspace.personal) return spaces.end(space);
        return spaces.personal().main.ring();
      }
      case 'granted':
      case 'role':
        return spaces.personal().main.ring();
      default:
        return undefined;
    }
  };
  const changeStream = (state: StreamState) => {
    if (signal.aborted) return;
    streamState = state;
    dispatch({ type: 'live', live: state === 'open' });
    choosePlain();
    // Finds out whether the network is gone, or only the stream.
    if (state === 'broken') quietly(spaces.personal().main.run('pull'));
  };
  const timers: ReturnType<typeof setInterval>[] = [];
  const applyPace = () => {
    for (const timer of timers.splice(0)) clearInterval(timer);
    stream?.close();
    stream = null;
    changeStream('connecting');
    if (pace.frequency === 'never') return;
    dispatch({ type: 'held', held: pace.frequency === 'live' ? null : pace.frequency });
    if (pace.frequency === 'manual') return;
    const isLive = pace.frequency === 'live';
    timers.push(setInterval(lookQuietly, isLive ? lookMilliseconds : pace.intervalSeconds * 1_000));
    if (isLive) {
      timers.push(setInterval(poll, options.pollMilliseconds));
      const { pauseAfter } = spaces;
      stream = options.openStream({ onEvent: hear, onState: changeStream, pauseAfter });
    }
    lookQuietly();
  };
  const endings = [
    environment.onChange((change) => {
      if (pace.frequency !== 'live') {
        // Only what has failed: everything else has its time.
        if (change === 'online') for (const sync of spaces.all()) sync.retry();
        return;
      }
      if (change === 'online') {
        stream?.retry();
        lookQuietly();
      }
      if (change !== 'focus' && change !== 'visible') return;
      if (environment.now() - lastLook > lookMilliseconds) lookQuietly();
      else poll();
    }),
    workspace.onSpaces(matchSpaces),
    workspace.onDropping(spaces.stop),
  ];
  dispatch({ type: 'started' });
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
      ending.abort();
      clearTimeout(busy);
      for (const timer of timers) clearInterval(timer);
      for (const end of endings) end();
      stream?.close();
      await spaces.stopAll();
    },
  };
}

function quietly(work: Promise<unknown>): void {
  work.catch(() => {
    // The status has been told.
  });
}
