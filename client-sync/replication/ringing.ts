/** Pulls when the doorbell rings, and again where a server that lags behind does not show yet what was written. */
export interface Ringing {
  ring: () => void;
  /** So many changes were seen by a pull. */
  seen: (changes: number) => void;
}

const pauses = [1_000, 5_000];

export function createRinging(pull: () => Promise<void>, signal: AbortSignal): Ringing {
  let total = 0;
  let rings = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener('abort', () => clearTimeout(timer));

  const look = async (ring: number, before: number, attempt: number): Promise<void> => {
    await pull();
    const milliseconds = pauses[attempt];
    if (total > before || ring !== rings || milliseconds === undefined || signal.aborted) return;
    timer = setTimeout(() => {
      look(ring, before, attempt + 1).catch(() => {});
    }, milliseconds);
  };
  return {
    ring() {
      rings += 1;
      clearTimeout(timer);
      // A pull that fails is tried again by itself.
      look(rings, total, 0).catch(() => {});
    },
    seen(changes) {
      total += changes;
    },
  };
}
