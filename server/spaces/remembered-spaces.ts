import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import type { SpaceDocument } from './space-document.ts';

interface Remembered {
  document: SpaceDocument;
  /** The watch that vouches for it; an unwatched one only tells what changed when news come. */
  watch: number;
}
const unwatched = -1;

/** Told what was known of a space before, and what it is now. */
export type SpaceChangeListener = (before: SpaceDocument | null, after: SpaceDocument | null) => void;

/** Spaces as they were last read, written or reported, and whether the change feed still vouches for them. */
export interface RememberedSpaces {
  /** What is certain to be current; undefined where the engine has to be asked. */
  current(spaceId: string): SpaceDocument | undefined;
  /** The time of the last news, to be noted before something is asked of the engine. */
  lastNews(): number;
  /** Takes in what was read or written; news since `asked` may have overtaken it. */
  take(spaceId: string, document: SpaceDocument | null, asked: number): void;
  /** Takes in what nothing can have overtaken. */
  takeCurrent(spaceId: string, document: SpaceDocument | null): void;
  /** What was asked before and is answered later may be old. */
  noteNews(): void;
  /** The feed began, or ended. */
  setFresh(fresh: boolean): void;
  /** True while changes of other processes arrive. */
  isFresh(): boolean;
}

export function createRememberedSpaces(options: {
  /** How many are remembered. */
  most: number;
  onChange: SpaceChangeListener;
}): RememberedSpaces {
  const { most, onChange } = options;
  const remembered = new LRUCache<string, Remembered>({
    ...atMost(most),
    // Afterwards: whoever hears of it asks for the space again.
    disposeAfter({ document }, _spaceId, reason) {
      // Nobody would hear of its changes: whoever is inside has to come in again.
      if (reason === 'evict') onChange(document, null);
    },
  });
  let isFresh = false;
  /** Counts up when the feed first begins; after that it never misses a change. */
  let watch = 0;
  /** Counts up with every change and at each end of the feed: what was read across one may be older than it. */
  let news = 0;

  function remember(spaceId: string, document: SpaceDocument | null, isCurrent: boolean): void {
    const entry = remembered.get(spaceId);
    const before = entry?.document ?? null;
    // Answers and feed may overtake each other; the later revision is the truth.
    if (before && document && generation(document) < generation(before)) return;
    if (!isCurrent && entry && (!document || document._rev === before?._rev)) {
      if (!document) entry.watch = unwatched;
      return;
    }
    // Unknown names are not remembered: whoever guesses them must not push real spaces out.
    if (document) remembered.set(spaceId, { document, watch: isCurrent ? watch : unwatched });
    else remembered.delete(spaceId);
    if (before?._rev !== document?._rev) onChange(before, document);
  }

  return {
    current(spaceId) {
      const known = isFresh ? remembered.get(spaceId) : undefined;
      return known?.watch === watch ? known.document : undefined;
    },
    lastNews: () => news,
    take: (spaceId, document, asked) => remember(spaceId, document, news === asked),
    takeCurrent: (spaceId, document) => remember(spaceId, document, true),
    noteNews: () => void (news += 1),
    setFresh(fresh) {
      news += 1;
      // What was read before the feed began may have changed before it as well.
      if (fresh && watch === 0) watch = 1;
      isFresh = fresh;
    },
    isFresh: () => isFresh,
  };
}

function generation(document: SpaceDocument): number {
  return Number.parseInt(document._rev ?? '0', 10);
}
