import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import { z } from 'zod';
import type { Couch } from '../couch/couch.ts';
import { eachOf } from '../couch/each-of.ts';
import { engineStatus } from '../couch/engine-error.ts';
import { listRunsDatabases } from './remove-space.ts';
import type { Space } from './spaces.ts';

/** What is kept: live documents, and bytes as the engine counts them. */
export interface Amount {
  documents: number;
  bytes: number;
}

/**
 * How much the spaces hold: what the engine said some seconds ago, and what was written since. A write asks the
 * engine nothing; the measure is taken anew beside it, a few times a minute at most.
 */
export interface UsageMeter {
  /** Waits for the engine only where nothing is known yet, or `fresh` is asked for. */
  amountOf(space: Pick<Space, 'id' | 'database'>, options?: { fresh?: boolean }): Promise<Readonly<Amount>>;
  /** Adds what is about to be written. */
  add(space: Pick<Space, 'id'>, database: string, amount: Amount): void;
  /** Called when an amount was measured. */
  onMeasured(listener: (space: Pick<Space, 'id'>, amount: Readonly<Amount>) => void): () => void;
}

interface Meter {
  /** What the caller sees; changed in place. */
  amount: Amount;
  measuredAt: number;
  measuring: Promise<void> | null;
  /** Written since the last measure began. */
  added: Amount;
  /** By database, with its time. */
  parts: Map<string, Amount & { at: number }>;
  /** Databases that were written since they were measured. */
  written: Set<string>;
  listedAt: number;
}

const infoSchema = z.looseObject({
  doc_count: z.number(),
  sizes: z.looseObject({ external: z.number().nullish(), active: z.number().nullish() }).optional(),
});
const measuresAtOnce = 4;
/** Months that nobody here writes to: another process may. */
const restingMilliseconds = 60_000;

export function createUsageMeter(options: {
  couch: Couch;
  /** How long a measure holds; 5000 by default. */
  freshMilliseconds?: number;
}): UsageMeter {
  const { couch, freshMilliseconds = 5000 } = options;
  const meters = new LRUCache<string, Meter>(atMost(20_000));
  const listeners = new Set<(space: Pick<Space, 'id'>, amount: Readonly<Amount>) => void>();

  async function readPart(meter: Meter, database: string): Promise<void> {
    const at = Date.now();
    meter.written.delete(database);
    const info = infoSchema.parse(await couch.admin<object>(database).info());
    const bytes = info.sizes?.external ?? info.sizes?.active ?? 0;
    meter.parts.set(database, { documents: info.doc_count, bytes, at });
  }

  function isOld(meter: Meter, database: string, now: number): boolean {
    const part = meter.parts.get(database);
    if (!part) return true;
    return now - part.at > (meter.written.has(database) ? freshMilliseconds : restingMilliseconds);
  }

  async function measure(space: Pick<Space, 'id' | 'database'>, meter: Meter): Promise<void> {
    const now = Date.now();
    const before = { ...meter.added };
    if (now - meter.listedAt > restingMilliseconds) {
      const listed = new Set([space.database, ...(await listRunsDatabases(couch, space.database))]);
      for (const database of meter.parts.keys()) if (!listed.has(database)) meter.parts.delete(database);
      for (const database of listed) if (!meter.parts.has(database)) meter.written.add(database);
      meter.listedAt = now;
    }
    const databases = [...new Set([space.database, ...meter.parts.keys(), ...meter.written])];
    const old = databases.filter((database) => isOld(meter, database, now));
    await eachOf(old, { concurrency: measuresAtOnce }, (database) =>
      // A month that was dropped, or is not made yet, holds nothing.
      readPart(meter, database).catch((error: unknown) => {
        if (engineStatus(error) === 404) meter.parts.delete(database);
      }),
    );
    const measured = sum([...meter.parts.values()]);
    meter.added = minus(meter.added, before);
    Object.assign(meter.amount, sum([measured, meter.added]));
    meter.measuredAt = now;
    for (const listener of listeners) listener(space, meter.amount);
  }

  function meterOf(spaceId: string): Meter {
    const known = meters.get(spaceId);
    if (known) return known;
    const meter: Meter = {
      amount: nothing(),
      measuredAt: 0,
      measuring: null,
      added: nothing(),
      parts: new Map(),
      written: new Set(),
      listedAt: 0,
    };
    meters.set(spaceId, meter);
    return meter;
  }

  return {
    async amountOf(space, { fresh = false } = {}) {
      const meter = meterOf(space.id);
      if (Date.now() - meter.measuredAt > freshMilliseconds) {
        meter.measuring ??= measure(space, meter).finally(() => (meter.measuring = null));
        if (fresh || meter.measuredAt === 0) await meter.measuring;
        else meter.measuring.catch(() => undefined);
      }
      return meter.amount;
    },
    add(space, database, amount) {
      const meter = meterOf(space.id);
      meter.written.add(database);
      meter.added = sum([meter.added, amount]);
      Object.assign(meter.amount, sum([meter.amount, amount]));
    },
    onMeasured(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function nothing(): Amount {
  return { documents: 0, bytes: 0 };
}

export function sum(amounts: readonly Readonly<Amount>[]): Amount {
  const total = nothing();
  for (const { documents, bytes } of amounts) {
    total.documents += documents;
    total.bytes += bytes;
  }
  return total;
}

function minus(from: Amount, what: Amount): Amount {
  return { documents: from.documents - what.documents, bytes: from.bytes - what.bytes };
}
