import { spaceDatabase, type SpaceUsage } from '../../schema/index.ts';
import type { Log } from '../log.ts';
import type { Spaces } from '../spaces/spaces.ts';
import type { Audience, Listener } from './audience.ts';
import type { EventLog, Hint } from './event-log.ts';
import type { LiveLimits } from './limits.ts';
import { eventText, write } from './live-stream.ts';

/** What the streams need of the spaces. */
export type MembershipSource = Pick<
  Spaces,
  'memberships' | 'access' | 'onRevoked' | 'onMembership' | 'isFresh'
>;

/** Brings hints to the members of a space, and news of memberships to those whose they are. */
export interface Broadcast {
  isHeard(spaceId: string): boolean;
  hint(hint: Hint): void;
  /** A space comes near its quota, reaches it, or has room again. */
  quota(spaceId: string, usage: SpaceUsage): void;
  /** Tells everybody to look at everything. */
  greetAll(): void;
  close(): void;
}

export function createBroadcast(options: {
  audience: Audience;
  events: EventLog;
  spaces: MembershipSource;
  prefix: string;
  limits: Pick<LiveLimits, 'unreadBytes' | 'heartbeatSeconds'>;
  log: Log;
}): Broadcast {
  const { audience, events, spaces, prefix, limits, log } = options;

  function tell({ streams }: Listener, text: string): void {
    for (const stream of streams) if (stream.greeted) write(stream, text, limits.unreadBytes);
  }

  function tellIfMember(listener: Listener, database: string, text: string): void {
    // Nobody vouches for what is remembered while the directory is not followed.
    spaces.access(listener.userId, database).then(
      (access) => {
        if (access !== null) tell(listener, text);
      },
      () => cut(listener.userId),
    );
  }

  /** Streams that cannot be told the truth come back and ask for it. */
  function cut(userId: string): void {
    for (const stream of audience.find(userId)?.streams ?? []) stream.response.destroy();
  }

  async function review(userId: string, spaceId: string, database: string): Promise<void> {
    await audience.review(userId, spaceId, database).catch((error: unknown) => {
      log.warn({ err: error, space: spaceId }, 'a membership could not be read: its streams are cut');
      cut(userId);
    });
  }

  const stops = [
    spaces.onRevoked(({ userId, spaceId, database }) => {
      events.touch(userId);
      void review(userId, spaceId, database);
    }),
    spaces.onMembership(({ userId, spaceId, kind, role, code }) => {
      const id = events.touch(userId);
      const news = kind === 'revoked' ? { space: spaceId, code } : { space: spaceId, role };
      void review(userId, spaceId, spaceDatabase(spaceId, prefix)).then(() => {
        const listener = audience.find(userId);
        if (listener) tell(listener, eventText(kind, news, id));
      });
    }),
  ];

  return {
    isHeard: (spaceId) => audience.inSpace(spaceId).size > 0,
    hint(hint) {
      const { spaceId, database } = hint;
      const text = eventText('hint', { space: spaceId, database }, events.hint(hint));
      const isKnown = spaces.isFresh();
      for (const listener of audience.inSpace(spaceId)) {
        if (isKnown) tell(listener, text);
        else tellIfMember(listener, database, text);
      }
    },
    quota(spaceId, usage) {
      const text = eventText('quota', { space: spaceId, ...usage });
      for (const listener of audience.inSpace(spaceId)) tell(listener, text);
    },
    greetAll() {
      for (const listener of audience.everybody()) {
        events.touch(listener.userId);
        tell(listener, helloText(events, listener, limits.heartbeatSeconds));
      }
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}

/** The event that says: look at everything. */
export function helloText(events: EventLog, { spaces }: Listener, heartbeatSeconds: number): string {
  const listed = [...spaces].map(([id, { role, database }]) => ({ id, role, database }));
  const data = { bootId: events.bootId, heartbeatSeconds, spaces: listed };
  return eventText('hello', data, events.lastId());
}
