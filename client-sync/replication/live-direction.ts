import type { PouchError, Replication } from '../pouch/pouch-types.ts';
import { hurriedFailures, type Recovery } from './recovery.ts';

export type DirectionEvent =
  | { type: 'connecting' }
  | { type: 'active' }
  | { type: 'transferred'; documents: number; pending?: number }
  | { type: 'passed'; sequence: number }
  | { type: 'caught-up' }
  | { type: 'failed'; error: unknown };

/** One direction of live replication that is begun again, after a pause, whenever it fails. */
export interface LiveDirection {
  /** Begins now, whatever pause there was; resolves when this attempt has caught up, rejects when it fails. */
  restart: () => Promise<void>;
  /** Cuts a pause short, where the one before it was not. */
  hurry: () => void;
  stop: () => void;
}

interface DirectionOptions {
  begin: () => Replication;
  /** Milliseconds to wait after so many failures in a row. */
  pauseAfter: (failures: number) => number;
  /** Cuts pauses short when the server is heard again. */
  recovery?: Recovery;
  onEvent: (event: DirectionEvent) => void;
  /** How long it has to go well, in milliseconds, before failures are forgotten; default 30 s. */
  steadyMilliseconds?: number;
}

/**
 * PouchDB's own `retry` ends for good at some answers and cannot be hurried when the network returns; so each failure
 * ends its replication here, and a new one resumes from the checkpoint.
 */
export function createLiveDirection(options: DirectionOptions): LiveDirection {
  const { begin, pauseAfter, recovery, onEvent, steadyMilliseconds = 30_000 } = options;
  let running: Replication | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let steady: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  /** The attempt was begun before its pause had passed. */
  let isHurried = false;
  let mayHurry = false;
  /** Who waits for the attempt that runs, those of attempts that it took the place of among them. */
  let waiting: { resolve: () => void; reject: (cause: unknown) => void }[] = [];

  const takeWaiting = () => {
    const taken = waiting;
    waiting = [];
    return taken;
  };
  const halt = () => {
    clearTimeout(timer);
    clearTimeout(steady);
    mayHurry = false;
    recovery?.forget(hurry);
    const ended = running;
    running = null;
    ended?.cancel();
  };
  const start = () => {
    halt();
    const replication = begin();
    running = replication;
    const isCurrent = () => running === replication;
    let documents = 0;
    const fail = (cause: unknown) => {
      if (!isCurrent()) return;
      running = null;
      clearTimeout(steady);
      failures += 1;
      onEvent({ type: 'failed', error: cause });
      for (const { reject } of takeWaiting()) reject(cause);
      timer = setTimeout(start, pauseAfter(failures));
      mayHurry = !isHurried;
      if (mayHurry) recovery?.wait(hurry);
      isHurried = false;
    };
    onEvent({ type: 'connecting' });
    void replication
      .on('active', () => {
        if (isCurrent()) onEvent({ type: 'active' });
      })
      .on('change', (change) => {
        if (!isCurrent()) return;
        documents += change.docs?.length ?? 0;
        const pending = change.pending === undefined ? {} : { pending: change.pending };
        onEvent({ type: 'transferred', documents, ...pending });
      })
      .on('checkpoint', ({ checkpoint }) => {
        if (isCurrent() && typeof checkpoint === 'number') onEvent({ type: 'passed', sequence: checkpoint });
      })
      .on('paused', (error?: PouchError) => {
        if (!isCurrent() || error) return;
        // Not at once: it also catches up where each feed that follows fails, and would be begun again every second.
        clearTimeout(steady);
        steady = setTimeout(() => {
          failures = 0;
          isHurried = false;
        }, steadyMilliseconds);
        documents = 0;
        onEvent({ type: 'caught-up' });
        for (const { resolve } of takeWaiting()) resolve();
      })
      // A failed replication leaves its feed open, and hears of a cancellation only now.
      .on('error', () => replication.cancel());
    // A live replication only completes when it is cancelled, by us or because a database went away.
    void replication.then(() => fail(new Error('Replication ended.')), fail);
  };
  const hurry = () => {
    if (!mayHurry) return;
    isHurried = true;
    failures = hurriedFailures(failures);
    start();
  };
  return {
    restart: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        failures = 0;
        isHurried = false;
        start();
      }),
    hurry,
    stop() {
      halt();
      for (const { reject } of takeWaiting()) reject(new Error('Sync was stopped.'));
    },
  };
}
