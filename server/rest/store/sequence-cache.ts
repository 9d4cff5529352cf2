import { LRUCache } from 'lru-cache';
import type { DocumentStore } from './document-store.ts';

export interface SequenceCache {
  /** The value computed for the database's present update sequence, computing it where it is not known; equal requests in flight share one computation. */
  get<T>(database: string, name: string, store: DocumentStore, compute: () => Promise<T>): Promise<T>;
}

/** Remembers what was computed from a database until the database changes; the `entries` used least recently are dropped. */
export function createSequenceCache(options: { entries?: number } = {}): SequenceCache {
  const computed = new LRUCache<string, { sequence: string; value: Promise<unknown> }>({
    max: options.entries ?? 2000,
  });
  return {
    async get<T>(
      database: string,
      name: string,
      store: DocumentStore,
      compute: () => Promise<T>,
    ): Promise<T> {
      const key = `${database} ${name}`;
      const sequence = await store.updateSequence();
      const known = computed.get(key);
      if (known?.sequence === sequence) return known.value as Promise<T>;
      const value = compute();
      computed.set(key, { sequence, value });
      value.catch(() => {
        if (computed.peek(key)?.value === value) computed.delete(key);
      });
      return value;
    },
  };
}
