import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import type { Couch, DocumentChange } from '../couch/couch.ts';
import type { AccountDocument } from './account-documents.ts';
import { lastPart } from './account-documents.ts';

/** Sessions and keys that are remembered as ended, so that a late reading cannot bring one back. */
const endedRemembered = 100_000;
const cachedDocuments = 20_000;

/**
 * The users, sessions and keys that this process met, kept current by the changes of `accounts`. While that feed
 * is broken nothing is trusted: every reading goes to the database.
 */
export interface AccountCache {
  /** The documents with these ids, null where there is none. */
  read(ids: string[]): Promise<(AccountDocument | null)[]>;
  /** Takes in a write of this process before the feed brings it. */
  wrote(id: string, document: AccountDocument | null): void;
  /** Called once for each session or key that ends, here or in another process, with its bare id. */
  onEnd(listener: (id: string) => void): () => void;
  /** True while the feed is up to date. */
  fresh(): boolean;
  close(): void;
}

const isCached = (id: string): boolean => /^(?:user|session|key):/.test(id);
const canEnd = (id: string): boolean => /^(?:session|key):/.test(id);

function isOver(document: AccountDocument | null): boolean {
  return document === null || ('endedAt' in document && document.endedAt !== undefined);
}

export function createAccountCache(options: {
  couch: Pick<Couch, 'follow'>;
  database: string;
  fetch: (ids: string[]) => Promise<(AccountDocument | null)[]>;
}): AccountCache {
  const { couch, database, fetch } = options;
  const documents = new LRUCache<string, { document: AccountDocument | null }>(atMost(cachedDocuments));
  const changedAt = new LRUCache<string, number>(atMost(cachedDocuments));
  const ended = new LRUCache<string, true>(atMost(endedRemembered));
  const listeners = new Set<(id: string) => void>();
  const stop = new AbortController();
  let fresh = false;
  let changes = 0;
  /** Counts up whenever the feed begins or breaks: what was read across that is not kept. */
  let epoch = 0;

  function end(id: string): void {
    if (ended.has(id)) return;
    ended.set(id, true);
    for (const listener of listeners) listener(lastPart(id));
  }

  function changed(id: string, document: AccountDocument | null): void {
    if (!isCached(id)) return;
    changes += 1;
    changedAt.set(id, changes);
    documents.delete(id);
    if (canEnd(id) && isOver(document)) end(id);
  }

  function keep(id: string, document: AccountDocument | null, started: { epoch: number; at: number }): void {
    const isCurrent = fresh && epoch === started.epoch && (changedAt.get(id) ?? 0) <= started.at;
    if (isCurrent) documents.set(id, { document });
    if (document && canEnd(id) && isOver(document)) end(id);
  }

  async function read(ids: string[]): Promise<(AccountDocument | null)[]> {
    const known = fresh ? ids.map((id) => documents.get(id)) : [];
    const missing = ids.filter((_, index) => known[index] === undefined);
    const started = { epoch, at: changes };
    const found = missing.length > 0 ? await fetch(missing) : [];
    missing.forEach((id, index) => keep(id, found[index] ?? null, started));
    const fetched = new Map(missing.map((id, index) => [id, found[index] ?? null]));
    return ids.map((id, index) => {
      if (ended.has(id)) return null;
      const entry = known[index];
      return entry ? entry.document : (fetched.get(id) ?? null);
    });
  }

  couch.follow(database, {
    signal: stop.signal,
    onChange: ({ id, doc, deleted }: DocumentChange) =>
      changed(id, deleted === true || !doc ? null : (doc as unknown as AccountDocument)),
    onState(now) {
      // What was read while nobody watched may have changed since.
      documents.clear();
      epoch += 1;
      fresh = now;
    },
  });

  return {
    read,
    wrote: changed,
    onEnd(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    fresh: () => fresh,
    close: () => stop.abort(),
  };
}
