import type { MembershipEnd } from '../../schema/index.ts';
import type { Principal } from '../auth/principal.ts';

/** Why a request is ended before its time. */
export type EndReason = 'expired' | 'session-ended' | 'closing' | MembershipEnd | 'membership_changed';

/** True where the user has no rights in the space any more. */
export function endsMembership(reason: EndReason): reason is MembershipEnd {
  return reason === 'membership_ended' || reason === 'space_deleted';
}

/** A request in flight. */
export interface OpenRequest {
  readonly userId: string;
  readonly sessionId?: string;
  readonly keyId?: string;
  /** Set by `enter`. */
  spaceId?: string;
  /** Set when it is to end; whoever waited meanwhile must look. Not for `closing`, which lets answers be finished. */
  endedBy?: EndReason;
  /** Set while the engine has a whole write and owes the answer: that cannot be taken back, only waited for. */
  storing?: Promise<unknown>;
  /** Must end the request soon, a feed cleanly where it can. */
  end: (reason: EndReason) => void;
}

/** All requests in flight, so that those of an ended session, an ended membership or an expired token can be ended. */
export interface OpenRequests {
  /** Null where the user has too many open already. */
  open(principal: Principal): OpenRequest | null;
  /** Names the space that the request turned out to be for. */
  enter(request: OpenRequest, spaceId: string): void;
  /** Ends the request at the time (unix milliseconds) unless it is done before. */
  endAt(request: OpenRequest, time: number): void;
  done(request: OpenRequest): void;
  endSession(sessionOrKeyId: string): void;
  /** Resolves when nothing of these requests can be stored any more; after some seconds in any case. */
  endMembership(spaceId: string, userId: string, end: MembershipEnd | null): Promise<void>;
  /** Ends everything, and resolves when nothing is open or the time is up. */
  endAll(waitMilliseconds: number): Promise<void>;
  readonly size: number;
}

/** A timer must not wait longer than 32 bits of milliseconds. */
const longestTimer = 2 ** 31 - 1;
/** How long a write may take that an ended membership waits for. */
const storingMilliseconds = 5000;

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

export function createOpenRequests(options: { perUser: number }): OpenRequests {
  const requests = new Set<OpenRequest>();
  const countByUser = new Map<string, number>();
  const timers = new Map<OpenRequest, NodeJS.Timeout>();
  /** Spaces that a user lost while his request was not known to be for one. */
  const lostSpaces = new Map<OpenRequest, Map<string, EndReason>>();
  let closing = false;
  let onEmpty: (() => void) | undefined;

  function end(request: OpenRequest, reason: EndReason): void {
    if (request.endedBy !== undefined) return;
    if (reason !== 'closing') request.endedBy = reason;
    request.end(reason);
  }

  function endWhere(reason: EndReason, matches: (request: OpenRequest) => boolean): void {
    for (const request of requests) if (matches(request)) end(request, reason);
  }

  function loseSpace(request: OpenRequest, spaceId: string, reason: EndReason): void {
    lostSpaces.set(request, (lostSpaces.get(request) ?? new Map<string, EndReason>()).set(spaceId, reason));
  }

  return {
    open(principal) {
      const count = countByUser.get(principal.userId) ?? 0;
      if (count >= options.perUser) return null;
      const request: OpenRequest = {
        userId: principal.userId,
        ...(principal.sessionId === undefined ? {} : { sessionId: principal.sessionId }),
        ...(principal.keyId === undefined ? {} : { keyId: principal.keyId }),
        end() {},
      };
      countByUser.set(principal.userId, count + 1);
      requests.add(request);
      return request;
    },
    enter(request, spaceId) {
      request.spaceId = spaceId;
      const lost = lostSpaces.get(request)?.get(spaceId);
      if (lost !== undefined) end(request, lost);
    },
    endAt(request, time) {
      if (closing) return end(request, 'closing');
      const wait = time - Date.now();
      if (wait > longestTimer) return;
      timers.set(request, setTimeout(() => end(request, 'expired'), Math.max(0, wait)).unref());
    },
    done(request) {
      clearTimeout(timers.get(request));
      timers.delete(request);
      lostSpaces.delete(request);
      if (!requests.delete(request)) return;
      const count = (countByUser.get(request.userId) ?? 1) - 1;
      if (count === 0) countByUser.delete(request.userId);
      else countByUser.set(request.userId, count);
      if (requests.size === 0) onEmpty?.();
    },
    endSession(id) {
      endWhere('session-ended', (request) => request.sessionId === id || request.keyId === id);
    },
    async endMembership(spaceId, userId, lost) {
      const reason = lost ?? 'membership_changed';
      const storing: Promise<unknown>[] = [];
      for (const request of requests) {
        if (request.userId !== userId) continue;
        if (request.spaceId === undefined) loseSpace(request, spaceId, reason);
        else if (request.spaceId === spaceId) {
          end(request, reason);
          if (request.storing) storing.push(request.storing);
        }
      }
      await within(storingMilliseconds, Promise.allSettled(storing));
    },
    async endAll(waitMilliseconds) {
      closing = true;
      endWhere('closing', () => true);
      if (requests.size === 0) return;
      await within(waitMilliseconds, new Promise<void>((resolve) => (onEmpty = resolve)));
    },
    get size() {
      return requests.size;
    },
  };
}
