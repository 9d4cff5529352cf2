import type { Directory } from './directory.ts';
import { endIn, revokedMembers } from './membership.ts';
import { databaseOf, spaceIdOf } from './space-document.ts';
import type { Revocation } from './spaces.ts';

/** Told of a revocation; what a promise stands for must be over before the change of members is answered. */
export type RevocationListener = (revocation: Revocation) => void | Promise<void>;

/** Tells of everybody who lost a space or holds it otherwise, as soon as the directory says so. */
export interface Revocations {
  onRevoked(listener: RevocationListener): () => void;
  /** Resolves when the listeners are done with all revocations so far; never rejects. */
  ended(): Promise<void>;
  close(): void;
}

export function createRevocations(directory: Pick<Directory, 'onChange'>, prefix: string): Revocations {
  const listeners = new Set<RevocationListener>();
  const ending = new Set<Promise<void>>();

  function tell(revocation: Revocation): void {
    for (const listener of listeners) {
      const work = listener(revocation);
      if (!work) continue;
      const over: Promise<void> = work.catch(() => undefined).finally(() => ending.delete(over));
      ending.add(over);
    }
  }

  const stop = directory.onChange((before, after) => {
    if (!before) return;
    const space = { spaceId: spaceIdOf(before), database: databaseOf(before, prefix) };
    for (const userId of revokedMembers(before, after)) {
      tell({ ...space, userId, end: after && endIn(after, userId) });
    }
  });

  return {
    onRevoked(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async ended() {
      await Promise.all(ending);
    },
    close: stop,
  };
}
