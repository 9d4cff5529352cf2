import type { Auth } from '../auth/auth.ts';
import type { Couch } from '../couch/couch.ts';
import type { OpenLive } from '../http/live-listener.ts';
import type { Log } from '../log.ts';
import type { Doorbell } from '../spaces/doorbell.ts';
import type { Quota } from '../spaces/quota.ts';
import { createAudience } from './audience.ts';
import { createBroadcast, type MembershipSource } from './broadcast.ts';
import { createEventLog } from './event-log.ts';
import { createHints } from './hints.ts';
import { defaultLiveLimits, type LiveLimits } from './limits.ts';
import { startLiveClock } from './live-clock.ts';
import { end, eventText, heartbeatText, write } from './live-stream.ts';
import { createOpenStream } from './open-stream.ts';

export interface LiveOptions {
  auth: Pick<Auth, 'authenticate' | 'onSessionEnd'>;
  spaces: MembershipSource;
  doorbell: Pick<Doorbell, 'onRing'>;
  quota: Pick<Quota, 'onChange'>;
  couch: Pick<Couch, 'prefix'>;
  /** Where a database stands, or null where that says nothing; see `createHints`. */
  sequenceOf: (database: string) => Promise<string | null>;
  log: Log;
  limits?: Partial<LiveLimits>;
  clock?: () => Date;
}

/** The streams of this process. */
export interface Live {
  /** Answers `GET /live`; see `createLiveListener`. */
  open: OpenLive;
  /** Tells all streams to look at everything, where rings may have been missed. */
  greetAll(): void;
  /** Tells all streams when to come back, and ends them. */
  close(): Promise<void>;
}

/** How long clients have to take what they are told at the end. */
const goodbyeMilliseconds = 300;

/** Makes `GET /live`: one stream of server-sent events for each browser, however many spaces it follows. */
export function createLive(options: LiveOptions): Live {
  const { auth, spaces, doorbell, couch, log, clock = () => new Date() } = options;
  const limits = { ...defaultLiveLimits, ...options.limits };
  const audience = createAudience({ spaces });
  const events = createEventLog(limits);
  const broadcast = createBroadcast({ audience, events, spaces, prefix: couch.prefix, limits, log });
  const hints = createHints({
    doorbell,
    prefix: couch.prefix,
    isHeard: (spaceId) => broadcast.isHeard(spaceId),
    send: (hint) => broadcast.hint(hint),
    sequenceOf: options.sequenceOf,
    hintMilliseconds: limits.hintMilliseconds,
  });
  const ticking = startLiveClock({
    ...limits,
    streams: () => audience.streams(),
    beat: (stream) => write(stream, heartbeatText(events.lastId()), limits.unreadBytes),
    send: (stream, text) => write(stream, text, limits.unreadBytes),
    clock,
  });
  const stopListening = auth.onSessionEnd((id) => {
    for (const stream of audience.streams()) {
      if (stream.holderId === id) end(stream, eventText('end', { code: 'session_ended' }));
    }
  });
  const stopMeasuring = options.quota.onChange(({ spaceId, ...usage }) => broadcast.quota(spaceId, usage));
  const openStream = createOpenStream({ auth, audience, events, limits, log, clock });

  /** Spread over a time that grows with how many come back. */
  function retryMilliseconds(): number {
    const [least, most] = limits.retryMilliseconds;
    return Math.round(least + Math.random() * Math.max(most - least, audience.size * 2));
  }

  return {
    open: openStream.open,
    greetAll: () => broadcast.greetAll(),
    async close() {
      openStream.close();
      hints.close();
      broadcast.close();
      stopListening();
      stopMeasuring();
      ticking.stop();
      for (const stream of audience.streams()) {
        end(stream, eventText('shutdown', { retryMilliseconds: retryMilliseconds() }));
      }
      const until = Date.now() + goodbyeMilliseconds;
      while (audience.size > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}
