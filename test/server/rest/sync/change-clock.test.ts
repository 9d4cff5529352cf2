import { beforeEach, describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../../../server/rest/store/document-store.ts';
import { createChangeClock, type ChangeClock } from '../../../../server/rest/sync/change-clock.ts';

/** The two calls of a store that a clock makes, over memory; sequences are numbers as text. */
function memoryStore(): { documents: DocumentStore; change(): void } {
  let sequence = 0;
  let stored: (Record<string, unknown> & { _rev: string }) | null = null;
  const documents = {
    updateSequence: async () => String(sequence),
    get: async () => stored,
    async insert(document: Record<string, unknown>) {
      if (document._rev !== stored?._rev) return 'conflict';
      const revision = `0-${Number(stored?._rev.slice(2) ?? 0) + 1}`;
      stored = { ...document, _rev: revision };
      return { revision };
    },
  } as unknown as DocumentStore;
  return { documents, change: () => void (sequence += 1) };
}

describe('a change clock', () => {
  let now: Date;
  let clock: ChangeClock;
  let store: ReturnType<typeof memoryStore>;

  beforeEach(() => {
    now = new Date('2026-01-01T00:00:00.000Z');
    clock = createChangeClock({ now: () => now });
    store = memoryStore();
  });

  const pass = (milliseconds: number): void => {
    now = new Date(now.getTime() + milliseconds);
  };

  it('knows the sequence of every time it gave', async () => {
    const given: [string, string][] = [];
    for (let n = 0; n < 10; n += 1) {
      given.push([await clock.mark(store.documents), String(n)]);
      store.change();
      pass(1000);
    }
    for (const [time, sequence] of given) {
      expect(await clock.sequenceAt(store.documents, time)).toEqual({ sequence, exact: true });
    }
  });

  it('gives the same time while nothing changes', async () => {
    const time = await clock.mark(store.documents);
    pass(60_000);
    expect(await clock.mark(store.documents)).toBe(time);
  });

  it('takes an earlier sequence for times it did not give, and none before the first', async () => {
    const first = await clock.mark(store.documents);
    store.change();
    pass(1000);
    await clock.mark(store.documents);
    const between = new Date(Date.parse(first) + 500).toISOString();
    expect(await clock.sequenceAt(store.documents, between)).toEqual({ sequence: '0', exact: false });
    expect(await clock.sequenceAt(store.documents, '2025-12-31T00:00:00.000Z')).toBeNull();
  });

  it('forgets older times only in favour of earlier sequences', async () => {
    const given: [string, number][] = [];
    for (let n = 0; n < 1500; n += 1) {
      given.push([await clock.mark(store.documents), n]);
      store.change();
      pass(1000);
    }
    for (const [time, sequence] of given) {
      const found = await clock.sequenceAt(store.documents, time);
      expect(Number(found?.sequence)).toBeLessThanOrEqual(sequence);
      if (found?.exact === true) expect(Number(found.sequence)).toBe(sequence);
    }
    expect(await clock.sequenceAt(store.documents, given[0]?.[0] ?? '')).toEqual({
      sequence: '0',
      exact: true,
    });
  });

  it('never runs backwards when the machine’s clock does', async () => {
    const time = await clock.mark(store.documents);
    store.change();
    pass(-5000);
    expect(await clock.mark(store.documents)).toBe(time);
    expect((await clock.sequenceAt(store.documents, time))?.sequence).toBe('0');
  });

  it('agrees with itself when several ask at once', async () => {
    const times = await Promise.all(Array.from({ length: 8 }, () => clock.mark(store.documents)));
    expect(new Set(times).size).toBe(1);
  });
});
