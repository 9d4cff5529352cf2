/** Copies that are to go, and that stay until the server has what they hold or it could be rescued. */
export interface KeptBack {
  /** Before all copies are looked at: forgets which were kept. */
  begin: () => void;
  keep: (name: string) => void;
  /** All were looked at: those that were kept are looked at again, by and by. */
  end: () => void;
  names: () => ReadonlySet<string>;
  /** What one of them held was sent. */
  pushed: () => void;
  close: () => void;
}

const firstMilliseconds = 1_000;
const longestMilliseconds = 30_000;

/**
 * Looks again as soon as something was sent, and from time to time besides: another tab may have sent it, and how far
 * a push has come is noted a moment later.
 */
export function createKeptBack(look: () => void): KeptBack {
  const kept = new Set<string>();
  let pause = firstMilliseconds;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => clearTimeout(timer);
  return {
    names: () => kept,
    keep: (name) => void kept.add(name),
    begin() {
      stop();
      kept.clear();
    },
    end() {
      stop();
      if (kept.size === 0) {
        pause = firstMilliseconds;
        return;
      }
      timer = setTimeout(look, pause);
      pause = Math.min(longestMilliseconds, 2 * pause);
    },
    pushed() {
      pause = firstMilliseconds;
      look();
    },
    close: stop,
  };
}
