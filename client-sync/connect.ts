import { createAuthorizedFetch } from './account/authorized-fetch.ts';
import { patientFetch } from './account/read-answer.ts';
import { createRetryAfter, type RetryAfter } from './account/retry-after.ts';
import { createServerClock, type ServerClock } from './account/server-clock.ts';
import { createSessionStore, type SessionStore } from './account/session-store.ts';
import { createTokenRenewal, type TokenRenewal } from './account/token-renewal.ts';
import { createStreamingFetch } from './bootstrap/streaming-fetch.ts';
import type { Environment, KeyValueStore } from './environment.ts';
import { createDeviceIdentity, type DeviceIdentity } from './local/devices.ts';

/** All that requests to the server are made of. */
export interface Connection {
  clock: ServerClock;
  sessions: SessionStore;
  device: DeviceIdentity;
  retryAfter: RetryAfter;
  renewal: TokenRenewal;
  /** Gives up where the connection stays silent. */
  patient: typeof fetch;
  /** With the user's token. */
  authorized: typeof fetch;
  /** The same for answers that are read while they arrive. */
  streaming: typeof fetch;
}

interface ConnectOptions {
  url: string;
  fetcher: typeof fetch;
  environment: Environment;
  storage: KeyValueStore;
  /** Looks for tokens that a service worker has renewed. */
  recall: () => Promise<void>;
  /** First part of the names of storage keys and locks. */
  scope: string;
  deviceName?: string | undefined;
  onSessionEnded: () => void;
}

export function connect(options: ConnectOptions): Connection {
  const { url, fetcher, environment, storage, recall, scope, deviceName, onSessionEnded } = options;
  const clock = createServerClock(environment, storage, `${scope}:clock`);
  const sessions = createSessionStore(storage, `${scope}:session`);
  const device = createDeviceIdentity(storage, `${scope}:device`, {
    ...(deviceName === undefined ? {} : { name: deviceName }),
    iso: clock.iso,
  });
  // A renewal that never ended would keep its lock, and with it every tab, for ever.
  const patient = patientFetch(fetcher);
  const renewal = createTokenRenewal({
    url,
    fetcher: patient,
    sessions,
    environment,
    lockName: `${scope}:tokens`,
    onEnded: onSessionEnded,
    recall,
  });
  const retryAfter = createRetryAfter(environment);
  const deviceId = device.id;
  const shared = { fetcher, renewal, retryAfter, deviceId };
  return {
    clock,
    sessions,
    device,
    retryAfter,
    renewal,
    patient,
    authorized: createAuthorizedFetch({ ...shared, sessions, clock, environment }),
    streaming: createStreamingFetch(shared),
  };
}
