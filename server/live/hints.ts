import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import { parseDatabaseName } from '../../schema/index.ts';
import type { Doorbell } from '../spaces/doorbell.ts';
import { spaceIdIn } from '../spaces/space-document.ts';
import type { Hint } from './event-log.ts';

export interface HintsOptions {
  doorbell: Pick<Doorbell, 'onRing'>;
  prefix: string;
  /** True where somebody listens to the space. */
  isHeard: (spaceId: string) => boolean;
  send: (hint: Hint) => void;
  /** Where the database stands; null where that says nothing, as on a cluster, whose copies may lag. */
  sequenceOf: (database: string) => Promise<string | null>;
  hintMilliseconds: number;
}

/** How long a sequence is compared with: the engine's own feed reports a write that was rung already by then. */
const rememberedMilliseconds = 2000;

/**
 * Makes hints of rings: the first one at once, bursts together. A write is rung by whoever did it and again by the
 * engine's feed; the second time nothing is sent, as the database's sequence was the same when the first hint left.
 */
export function createHints(options: HintsOptions): { close(): void } {
  const { doorbell, prefix, isHeard, send, sequenceOf, hintMilliseconds } = options;
  /** Databases that are being looked at or were hinted a moment ago, and whether they rang again since. */
  const busy = new Map<string, { again: boolean }>();
  /** Where a database stood, at least, when its last hint was sent. */
  const hinted = new LRUCache<string, string>({ ...atMost(10_000), ttl: rememberedMilliseconds });
  const closing = new AbortController();

  /** Whether there is anything new; asked before the hint, so that what it remembers was there when the hint left. */
  async function isNews(database: string): Promise<boolean> {
    const sequence = await sequenceOf(database).catch(() => null);
    if (sequence !== null && hinted.get(database) === sequence) return false;
    if (sequence === null) hinted.delete(database);
    else hinted.set(database, sequence);
    return true;
  }

  async function answer(hint: Hint): Promise<void> {
    const { database } = hint;
    const state = { again: true };
    busy.set(database, state);
    while (state.again && !closing.signal.aborted) {
      state.again = false;
      if (!(await isNews(database))) continue;
      send(hint);
      await sleep(hintMilliseconds, undefined, { ref: false });
    }
    busy.delete(database);
  }

  const stop = doorbell.onRing((database) => {
    const parsed = parseDatabaseName(database, prefix);
    const spaceId = parsed && spaceIdIn(parsed);
    if (spaceId === null) return;
    const state = busy.get(database);
    if (state) state.again = true;
    else if (isHeard(spaceId)) void answer({ spaceId, database });
    else send({ spaceId, database });
  });

  return {
    close() {
      closing.abort();
      stop();
    },
  };
}
