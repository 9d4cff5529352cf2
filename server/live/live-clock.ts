import { end, eventText, type LiveStream } from './live-stream.ts';

const tickMilliseconds = 1000;

/**
 * One timer for all streams: heartbeats, a word before a token ends, and the end. Streams beat each at their own
 * second, so that thousands are not written to at once.
 */
export function startLiveClock(options: {
  streams: () => Iterable<LiveStream>;
  heartbeatSeconds: number;
  warnSeconds: number;
  /** Writes a heartbeat. */
  beat: (stream: LiveStream) => void;
  send: (stream: LiveStream, text: string) => void;
  clock: () => Date;
}): { stop(): void } {
  const { streams, heartbeatSeconds, warnSeconds, beat, send, clock } = options;

  function look(stream: LiveStream, now: number): void {
    const { expiresAt } = stream;
    if (expiresAt <= now) return end(stream, eventText('end', { code: 'token_expired' }));
    if (!stream.greeted) return;
    if (!stream.warned && expiresAt - now <= warnSeconds * 1000) {
      stream.warned = true;
      send(stream, eventText('expiring', { at: new Date(expiresAt).toISOString() }));
    }
    if (stream.beatAt > now) return;
    stream.beatAt = now + heartbeatSeconds * 1000;
    beat(stream);
  }

  const timer = setInterval(() => {
    const now = clock().getTime();
    for (const stream of streams()) look(stream, now);
  }, tickMilliseconds);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
