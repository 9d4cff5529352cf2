import type { DatabaseRef } from '../status/sync-facts.ts';
import type { Scheduler } from './scheduler.ts';

interface FillingOptions {
  ref: DatabaseRef;
  scheduler: Scheduler;
  /** Resolves to whether there was a server to fill from. */
  fill: () => Promise<boolean>;
  onFailure: (error: unknown) => void;
}

/** Fills a database once before its first pull, and again where that failed or there was no server. */
export function createFilling({ ref, scheduler, fill, onFailure }: FillingOptions): () => Promise<void> {
  let filling: Promise<void> | null = null;
  const step = async (): Promise<boolean> => {
    try {
      if (!(await fill())) filling = null;
    } catch (error) {
      onFailure(error);
      throw error;
    }
    return false;
  };
  return () => {
    filling ??= scheduler.run({ space: ref.sync, key: ref.place, step }).catch((error: unknown) => {
      filling = null;
      throw error;
    });
    return filling;
  };
}
