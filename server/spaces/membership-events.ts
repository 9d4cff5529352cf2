import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import type { MembershipEnd } from '../../schema/index.ts';
import type { Directory } from './directory.ts';
import { holding, roleIn } from './membership.ts';
import { spaceIdOf, type SpaceDocument } from './space-document.ts';
import type { Role } from './spaces.ts';

/** A member's browser finds another membership document in its personal database. */
export interface MembershipEvent {
  spaceId: string;
  userId: string;
  /** `role` also where only the space's name changed. */
  kind: 'granted' | 'role' | 'revoked';
  /** Not for `revoked`. */
  role?: Role;
  /** For `revoked` only. */
  code?: MembershipEnd;
}

/** Spaces of which this process remembers what it has told. */
const rememberedSpaces = 50_000;

/** What a member holds as it was told last; null for nobody. */
type Told = Map<string, string | null>;

/**
 * Tells of memberships once their documents are written: in the process that wrote them at once, in the others by the
 * directory's feed, which reports a user as soon as the outbox does not name him. Where a process knows nothing of
 * what was before, it tells rather too much than too little.
 */
export interface MembershipEvents {
  /** A user's membership document says what this document of the directory says; null where the space is gone. */
  settled(spaceId: string, document: SpaceDocument | null, userId: string): void;
  onMembership(listener: (event: MembershipEvent) => void): () => void;
  close(): void;
}

export function isTold({ kind }: Pick<SpaceDocument, 'kind'>): boolean {
  return kind === 'team' || kind === 'shared';
}

export function createMembershipEvents(directory: Pick<Directory, 'onFeed' | 'onChange'>): MembershipEvents {
  const toldBySpace = new LRUCache<string, Told>(atMost(rememberedSpaces));
  const listeners = new Set<(event: MembershipEvent) => void>();

  function toldOf(spaceId: string): Told {
    const told = toldBySpace.get(spaceId) ?? new Map<string, string | null>();
    toldBySpace.set(spaceId, told);
    return told;
  }

  function settled(spaceId: string, document: SpaceDocument | null, userId: string): void {
    const told = toldOf(spaceId);
    const before = told.get(userId);
    const now = stateOf(document, userId);
    if (before === now) return;
    told.set(userId, now);
    const event = eventOf(spaceId, document, userId, before ?? null);
    for (const listener of listeners) listener(event);
  }

  /** What is known from the beginning is no news. */
  function learn(document: SpaceDocument): void {
    const told = toldOf(spaceIdOf(document));
    for (const userId of settledMembers(document)) {
      if (!told.has(userId)) told.set(userId, stateOf(document, userId));
    }
  }

  const stops = [
    directory.onChange((before, after) => {
      if (!before && after && isTold(after)) learn(after);
    }),
    directory.onFeed((spaceId, document) => {
      if (document && !isTold(document)) return;
      const users = [
        ...(toldBySpace.get(spaceId)?.keys() ?? []),
        ...(document ? settledMembers(document) : []),
        ...Object.keys(document?.former ?? {}),
      ];
      const waiting = new Set(document?.outbox);
      for (const userId of new Set(users)) if (!waiting.has(userId)) settled(spaceId, document, userId);
    }),
  ];

  return {
    settled,
    onMembership(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}

function settledMembers({ members, outbox = [] }: SpaceDocument): string[] {
  return Object.keys(members).filter((userId) => !outbox.includes(userId));
}

/** What the membership document says, as one text to compare. */
export function stateOf(document: SpaceDocument | null, userId: string): string | null {
  const held = holding(document, userId);
  return held === null ? null : `${held} ${document?.name ?? ''}`;
}

function eventOf(
  spaceId: string,
  document: SpaceDocument | null,
  userId: string,
  before: string | null,
): MembershipEvent {
  const role = roleIn(document, userId);
  if (role !== null) return { spaceId, userId, kind: before === null ? 'granted' : 'role', role };
  const isGone = document === null || document.removing === true;
  return { spaceId, userId, kind: 'revoked', code: isGone ? 'space_deleted' : 'membership_ended' };
}
