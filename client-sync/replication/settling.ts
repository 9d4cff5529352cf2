import type { Direction } from '../status/sync-facts.ts';

/** Finds out when a pull that began after the last push has ended: then the server's state is known to hold ours. */
export interface Settling {
  /** Something was moved. */
  moved: (direction: Direction) => void;
  pullBegins: () => void;
  pullFails: () => void;
  /** All there was in that direction is done. */
  ended: (direction: Direction) => void;
  /** The same for plain live replication, whose pull never begins anew. */
  liveEnded: () => void;
  hasMoved: () => boolean;
}

export function createSettling(isWaiting: () => boolean, onSettled: () => void): Settling {
  let pushes = 0;
  let confirmed = 0;
  let beganAfter = 0;
  let isPulling = false;
  /** Since it was last told; also true at the start. */
  let hasMoved = true;
  const tell = () => {
    if (!hasMoved || isWaiting()) return;
    hasMoved = false;
    onSettled();
  };
  return {
    hasMoved: () => hasMoved,
    moved(direction) {
      hasMoved = true;
      if (direction === 'push') pushes += 1;
    },
    pullBegins() {
      if (!isPulling) beganAfter = pushes;
      isPulling = true;
    },
    pullFails() {
      isPulling = false;
    },
    ended(direction) {
      if (direction === 'pull') {
        isPulling = false;
        confirmed = beganAfter;
      }
      if (confirmed === pushes) tell();
    },
    liveEnded: tell,
  };
}
