/** Bounds of the live streams of one process. */
export interface LiveLimits {
  /** Open streams of one user, of all browsers and keys together. */
  streamsPerUser: number;
  /** New streams of one user in a minute; 0 turns the limit off. */
  opensPerMinute: number;
  heartbeatSeconds: number;
  /** How long before its token ends a stream says so. */
  warnSeconds: number;
  /** The least time between two hints of one database. */
  hintMilliseconds: number;
  /** What a client may leave unread before its stream is cut. */
  unreadBytes: number;
  /** Databases whose last hint is remembered for streams that come back, and users whose memberships changed. */
  remembered: number;
  /** Least and most time after which streams come back that a stopping server ended. */
  retryMilliseconds: readonly [number, number];
}

export const defaultLiveLimits: LiveLimits = {
  streamsPerUser: 50,
  opensPerMinute: 120,
  heartbeatSeconds: 15,
  warnSeconds: 60,
  hintMilliseconds: 30,
  unreadBytes: 64 * 1024,
  remembered: 10_000,
  retryMilliseconds: [500, 5000],
};
