import type { Environment, KeyValueStore } from '../environment.ts';

export interface ServerClock {
  /** Milliseconds since 1970 as the server counts them, as far as is known. */
  now: () => number;
  /** The same as ISO 8601. */
  iso: () => string;
  /** Learns from an answer's `Date` header (RFC 9110, 6.6.1: whole seconds). */
  learn: (response: Response, sentAt: number) => void;
}

/** The header's seconds are cut off, and answers take time: smaller differences say nothing. */
const noiseMilliseconds = 2_000;

/** The device's clock, set right by the server's: runs belong to months, and edits are compared by time. */
export function createServerClock(
  environment: Environment,
  storage: KeyValueStore,
  key: string,
): ServerClock {
  let offset = Number(storage.getItem(key) ?? 0) || 0;
  const now = () => environment.now() + offset;
  return {
    now,
    iso: () => new Date(now()).toISOString(),
    learn(response, sentAt) {
      const said = Date.parse(response.headers.get('date') ?? '');
      if (Number.isNaN(said)) return;
      const measured = said + 500 - (sentAt + environment.now()) / 2;
      if (Math.abs(measured - offset) <= noiseMilliseconds) return;
      offset = Math.abs(measured) <= noiseMilliseconds ? 0 : Math.round(measured);
      storage.setItem(key, String(offset));
    },
  };
}
