import type { FewLeaves } from '../bootstrap/few-leaves.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { createCheckpoint, type Checkpoint, type Sequence } from './checkpoint.ts';
import { createPull, type OneShot, type Pull } from './pull.ts';
import { createPush } from './push.ts';
import type { RemoteDatabase } from './remote-database.ts';
import type { Direction } from '../status/sync-facts.ts';

/** Both directions between a local database and the server's. */
export interface Pair {
  remote: RemoteDatabase;
  push: OneShot;
  pull: Pull;
  /** Writes down how far both have come. */
  save: () => Promise<void>;
  /** Goes on from the checkpoints: another replication of the same pair has run. */
  reset: () => void;
}

interface PairOptions {
  local: Pouch;
  remote: RemoteDatabase;
  isThere: (docId: string, revision: string) => boolean;
  isNew: (docId: string, revision: string) => boolean;
  onActive: (direction: Direction) => void;
  few: (since: Sequence) => Promise<FewLeaves | null>;
  onArrival: (docId: string, revision: string) => void;
}

export function createPair({ local, remote, isThere, isNew, onActive, few, onArrival }: PairOptions): Pair {
  const [pushed, pulled] = [createCheckpoint(local, remote), createCheckpoint(remote, local)];
  const push = createPush({
    local,
    remote,
    checkpoint: pushed,
    isThere,
    isNew,
    onActive: () => onActive('push'),
  });
  const pull = createPull({
    local,
    remote,
    changes: remote.page,
    checkpoint: pulled,
    few,
    onArrival,
    onActive: () => onActive('pull'),
  });
  const keep = { push: createKeeper(push, pushed), pull: createKeeper(pull, pulled) };
  return {
    remote,
    push,
    pull,
    async save() {
      await keep.push();
      await keep.pull();
    },
    reset() {
      push.reset();
      pull.reset();
    },
  };
}

/** Writes the checkpoint where it has moved since it was last written, one write after the other. */
function createKeeper(oneShot: OneShot, checkpoint: Checkpoint): () => Promise<void> {
  let saved: Sequence | null = null;
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const sequence = oneShot.sequence();
    if (sequence === null || sequence === saved) return;
    await checkpoint.write(sequence);
    saved = sequence;
  };
  return () => {
    writing = writing.catch(() => {}).then(write);
    return writing;
  };
}
