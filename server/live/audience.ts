import type { Membership, Role, Spaces } from '../spaces/spaces.ts';
import type { LiveStream } from './live-stream.ts';

/** A user with open streams, and the spaces whose hints they get. */
export interface Listener {
  readonly userId: string;
  readonly streams: Set<LiveStream>;
  /** By space. */
  readonly spaces: Map<string, { role: Role; database: string }>;
}

/** Who listens, by space: membership is known when a hint comes, not looked up. */
export interface Audience {
  /** Resolves when the user's spaces are known; the stream counts from the call on. */
  join(stream: LiveStream): Promise<Listener>;
  leave(stream: LiveStream): void;
  find(userId: string): Listener | undefined;
  inSpace(spaceId: string): ReadonlySet<Listener>;
  /** Takes a space from a user at once, then asks what he still has there. Rejects where that cannot be known. */
  review(userId: string, spaceId: string, database: string): Promise<void>;
  everybody(): Iterable<Listener>;
  streams(): Iterable<LiveStream>;
  readonly size: number;
}

interface Entry extends Listener {
  /** Counts up with each change, so that an older reading never overwrites a newer one. */
  news: number;
  loading: Promise<void> | null;
}

const nobody: ReadonlySet<Listener> = new Set();

export function createAudience({ spaces }: { spaces: Pick<Spaces, 'memberships' | 'access'> }): Audience {
  const entries = new Map<string, Entry>();
  const bySpace = new Map<string, Set<Listener>>();
  let size = 0;

  function put(entry: Entry, { space, role }: Membership): void {
    entry.spaces.set(space.id, { role, database: space.database });
    bySpace.set(space.id, (bySpace.get(space.id) ?? new Set()).add(entry));
  }

  function take(entry: Entry, spaceId: string): void {
    entry.spaces.delete(spaceId);
    const listeners = bySpace.get(spaceId);
    if (listeners?.delete(entry) === true && listeners.size === 0) bySpace.delete(spaceId);
  }

  async function load(entry: Entry): Promise<void> {
    for (;;) {
      const asked = entry.news;
      const found = await spaces.memberships(entry.userId);
      if (asked !== entry.news) continue;
      for (const spaceId of entry.spaces.keys()) take(entry, spaceId);
      if (entries.get(entry.userId) === entry) for (const membership of found) put(entry, membership);
      return;
    }
  }

  function entryOf(userId: string): Entry {
    const known = entries.get(userId);
    if (known) return known;
    const entry: Entry = { userId, streams: new Set(), spaces: new Map(), news: 0, loading: null };
    entries.set(userId, entry);
    return entry;
  }

  function leave(stream: LiveStream): void {
    const entry = entries.get(stream.userId);
    if (entry?.streams.delete(stream) !== true) return;
    size -= 1;
    if (entry.streams.size > 0) return;
    entries.delete(stream.userId);
    for (const spaceId of entry.spaces.keys()) take(entry, spaceId);
  }

  return {
    async join(stream) {
      const entry = entryOf(stream.userId);
      entry.streams.add(stream);
      size += 1;
      entry.loading ??= load(entry).finally(() => (entry.loading = null));
      await entry.loading;
      return entry;
    },
    leave,
    find: (userId) => entries.get(userId),
    inSpace: (spaceId) => bySpace.get(spaceId) ?? nobody,
    async review(userId, spaceId, database) {
      const entry = entries.get(userId);
      if (!entry) return;
      take(entry, spaceId);
      entry.news += 1;
      for (;;) {
        const asked = entry.news;
        const access = await spaces.access(userId, database);
        if (asked !== entry.news) continue;
        if (access && entries.get(userId) === entry) put(entry, access);
        return;
      }
    },
    everybody: () => entries.values(),
    *streams() {
      for (const { streams } of entries.values()) yield* streams;
    },
    get size() {
      return size;
    },
  };
}
