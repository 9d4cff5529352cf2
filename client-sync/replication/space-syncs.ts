import type { SyncEvent } from '../status/sync-facts.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { backoffMilliseconds } from './backoff.ts';
import type { Pace } from './pace.ts';
import { createRecovery } from './recovery.ts';
import { createScheduler } from './scheduler.ts';
import { isSpaceEnd } from './space-end.ts';
import { createSpaceSync, type SpaceSync } from './space-sync.ts';
import type { EngineOptions } from './sync-engine-types.ts';

/** The sync of each space that is open. */
export interface SpaceSyncs {
  /** The personal space first. */
  all: () => SpaceSync[];
  personal: () => SpaceSync;
  isOpen: (sync: SpaceSync) => boolean;
  /** Begins what was opened and ends what was closed; `onOpened` hears of each that begins. */
  match: (onOpened: (sync: SpaceSync) => void) => void;
  /** The server says that the space is the user's no more: nothing is sent there, and the membership is looked up. */
  end: (space: SpaceWorkspace) => void;
  /** Tries spaces again that were ended and are still there. */
  forgive: () => void;
  /** Resolves when nothing of the space is under way any more. */
  stop: (space: SpaceWorkspace) => Promise<void>;
  stopAll: () => Promise<void>;
  pauseAfter: (failures: number) => number;
  /** The server has answered: what waits out a pause is tried again. */
  heard: () => void;
}

interface SpaceSyncsContext {
  pace: () => Pace;
  dispatch: (event: SyncEvent) => void;
  /** The server has answered somewhere. */
  onHeard: () => void;
}

/** Edits that come in one go are sent together. */
const gatherMilliseconds = 5;

export function createSpaceSyncs(
  options: EngineOptions,
  { pace, dispatch, onHeard }: SpaceSyncsContext,
): SpaceSyncs {
  const { workspace, access, environment, clock, retryAfter, fill, few } = options;
  const [scheduler, fillScheduler] = [createScheduler(2), createScheduler(2)];
  const open = new Map<SpaceWorkspace, SpaceSync>();
  const stopping = new Map<SpaceWorkspace, Promise<void>>();
  /** Those that the server says are over, until their membership says so as well. */
  const ended = new WeakSet<SpaceWorkspace>();
  const recovery = createRecovery({ busyMilliseconds: retryAfter.remaining, onHeard });
  let hasSynced = false;

  const pauseAfter = (count: number) =>
    Math.max(backoffMilliseconds(count, environment.random()), retryAfter.remaining());
  const settled = (space: SpaceWorkspace, pushedThrough: number | null) => {
    options.onSettled(space, pushedThrough);
    workspace.pushed(space);
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
    void stop(space);
    personal().main.ring();
  };
  const stop = async (space: SpaceWorkspace): Promise<void> => {
    const sync = open.get(space);
    open.delete(space);
    if (sync) {
      const ending = sync.stop().finally(() => stopping.delete(space));
      stopping.set(space, ending);
    }
    // Whoever else asked first, it is over only then.
    await stopping.get(space);
  };
  const begin = (space: SpaceWorkspace): SpaceSync => {
    const sync = createSpaceSync({
      workspace: space,
      access,
      scheduler,
      fillScheduler,
      pauseAfter,
      recovery,
      busyMilliseconds: retryAfter.remaining,
      dispatch,
      fill,
      few,
      gatherMilliseconds: () => (pace().frequency === 'live' ? gatherMilliseconds : null),
      iso: clock.iso,
      now: clock.now,
      keptMonths: () => pace().months,
      onFailure: (error) => failed(space, error),
      onSettled: (pushedThrough) => settled(space, pushedThrough),
    });
    open.set(space, sync);
    return sync;
  };
  const personal = (): SpaceSync => open.get(workspace.personal) ?? begin(workspace.personal);
  return {
    all: () => [...open.values()],
    personal,
    isOpen: (sync) => [...open.values()].includes(sync),
    match(onOpened) {
      const wanted = workspace.all();
      for (const space of open.keys()) if (!wanted.includes(space)) void stop(space);
      for (const space of wanted) if (!open.has(space) && !ended.has(space)) onOpened(begin(space));
    },
    end,
    forgive() {
      for (const space of workspace.all()) ended.delete(space);
    },
    stop,
    async stopAll() {
      await Promise.all([...open.keys(), ...stopping.keys()].map(stop));
    },
    pauseAfter,
    heard: recovery.heard,
  };
}
