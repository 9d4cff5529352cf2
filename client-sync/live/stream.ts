import type { ServerSentEvent } from './event-parser.ts';
import { readConnection, type ConnectionEnd } from './connection.ts';
import { readLiveEvent, type LiveEvent } from './live-event.ts';
import { hurriedFailures } from '../replication/recovery.ts';
import { reportUnexpected } from '../signal.ts';
import type { OpenStream } from './open-stream.ts';

/**
 * `open`: events arrive. `broken`: they did, or may soon. `unavailable`: none can be had here, and it is tried again
 * from time to time.
 */
export type StreamState = 'connecting' | 'open' | 'broken' | 'unavailable' | 'signed-out';

/** The one stream of a browser, kept up until it is closed. */
export interface LiveStream {
  state: () => StreamState;
  /** Tries now, whatever pause there is: the network has come back. */
  retry: () => void;
  /** Tries now where the connection broke: the server was heard. Not twice without a pause of its own. */
  hurry: () => void;
  close: () => void;
}

interface StreamOptions {
  open: OpenStream;
  /** Sees to it that the next connection has a fresh token; with `force`, also where the one in use seems good. */
  renew: (force: boolean) => Promise<unknown>;
  /** Milliseconds until the token in use should be renewed. */
  renewIn: () => number;
  onEvent: (event: LiveEvent) => void;
  onState: (state: StreamState) => void;
  /** Milliseconds to wait after so many failures in a row. */
  pauseAfter: (failures: number) => number;
  random: () => number;
  helloMilliseconds?: number;
}

const defaultHelloMilliseconds = 8_000;
/** So many failures in a row, and it is not only the network that is missing. */
const failuresAllowed = 3;
const longestPause = 5 * 60_000;
const shortestPauseUnavailable = 30_000;
const longestTimer = 2 ** 31 - 1;
/** How long a connection has to last before failures are forgotten. */
const steadyMilliseconds = 10_000;
/** The server announces the end of a token so long before. */
const noticeMilliseconds = 60_000;
const endPauseMilliseconds = 1_000;

/** Opens the stream and keeps it open, going on after the last event each time. */
export function createLiveStream(options: StreamOptions): LiveStream {
  const { open, renew, renewIn, onEvent, onState, pauseAfter, random } = options;
  const closing = new AbortController();
  let state: StreamState = 'connecting';
  let lastEventId = '';
  let failures = 0;
  let openedAt: number | null = null;
  let connection = new AbortController();
  let endPause = () => {};
  let advisedPause: number | null = null;
  let mayHurry = false;
  let isHurried = false;
  let renewTimer: ReturnType<typeof setTimeout> | undefined;

  const change = (next: StreamState) => {
    if (state === next || closing.signal.aborted) return;
    state = next;
    onState(next);
  };
  /** A token is replaced while the old connection still carries events; then a new one goes on after the last. */
  const changeOver = (force: boolean): void => {
    const replaced = connection;
    renew(force).then(
      () => replaced.abort(),
      () => {
        // It ends by itself when the token does.
      },
    );
  };
  const noteOpen = () => {
    openedAt = performance.now();
    clearTimeout(renewTimer);
    const wait = Math.min(Math.max(renewIn(), 0), longestTimer);
    renewTimer = setTimeout(() => changeOver(false), wait);
    change('open');
  };
  const take = (event: ServerSentEvent) => {
    const live = readLiveEvent(event);
    if (!live || closing.signal.aborted) return;
    if (live.type === 'hello' || live.type === 'resumed') noteOpen();
    if (live.type === 'shutdown') advisedPause = live.retryMilliseconds * (0.5 + random());
    if (live.type === 'end') advisedPause = endPauseMilliseconds * random();
    // By this device's clock the token would end before it is renewed.
    if (live.type === 'expiring' && renewIn() > noticeMilliseconds) changeOver(true);
    try {
      onEvent(live);
    } catch (error) {
      // The stream goes on: without it nothing would be heard any more.
      reportUnexpected(error);
    }
  };
  const connect = async (): Promise<ConnectionEnd> => {
    connection = new AbortController();
    openedAt = null;
    try {
      return await readConnection({
        open,
        lastEventId,
        signal: connection.signal,
        onEvent: take,
        onLastId(id) {
          if (id !== '') lastEventId = id;
        },
        helloMilliseconds: options.helloMilliseconds ?? defaultHelloMilliseconds,
      });
    } finally {
      clearTimeout(renewTimer);
    }
  };
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const pauseFor = (end: ConnectionEnd): number => {
    // A connection that opens and breaks at once, again and again, is as bad as none.
    const isSteady = openedAt !== null && performance.now() - openedAt > steadyMilliseconds;
    if (isSteady) failures = 0;
    const advised = advisedPause;
    advisedPause = null;
    if (advised !== null && isSteady) return advised;
    failures += 1;
    // A server that sends everybody away at once is not asked again every second.
    if (advised !== null && failures < failuresAllowed) return Math.max(advised, pauseAfter(failures));
    // The first pause is short, and keeps the many apart whose connections broke at once.
    mayHurry = end === 'broken' && advised === null && failures > 1 && !isHurried;
    isHurried = false;
    change(end === 'unavailable' || failures >= failuresAllowed ? 'unavailable' : 'broken');
    const wait = Math.min(longestPause, pauseAfter(failures));
    return end === 'unavailable' ? Math.max(shortestPauseUnavailable, wait) : wait;
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      mayHurry = false;
      const end = await connect();
      if (closing.signal.aborted) return;
      if (end !== 'closed') await pause(pauseFor(end));
    }
  };
  run().catch(() => change('signed-out'));
  return {
    state: () => state,
    retry: () => endPause(),
    hurry() {
      if (!mayHurry) return;
      mayHurry = false;
      isHurried = true;
      failures = hurriedFailures(failures);
      endPause();
    },
    close() {
      closing.abort();
      connection.abort();
      endPause();
    },
  };
}
