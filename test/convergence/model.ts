import type { Slot, Values } from './values.ts';

/** One value that somebody wrote, where, and into which space as he knew it then. */
export interface Write {
  token: number;
  slot: Slot;
  flowId: string;
  userId: string;
  spaceId: string;
  at: number;
}

interface Membership {
  userId: string;
  from: number;
  to: number;
}
interface Place {
  spaceId: string;
  from: number;
  to: number;
}

export type Role = 'owner' | 'editor' | 'viewer';

/** A space as the model knows it from what people asked for, never from what the server says about itself. */
export interface SpaceRecord {
  id: string;
  database: string;
  kind: 'personal' | 'team' | 'shared';
  /** Who is in it now. */
  roles: Map<string, Role>;
  memberships: Membership[];
}

/** What the people did: who wrote what knowing what, who was where when. */
export type Model = ReturnType<typeof createModel>;

export function createModel(now: () => number = Date.now) {
  const spaces = new Map<string, SpaceRecord>();
  const places = new Map<string, Place[]>();
  /** The flows that carry a value: more than one where a copy was made. */
  const carriers = new Map<number, Set<string>>();
  const writes = new Map<number, Write>();
  const replaced = new Set<number>();
  /** What a revision said, by flow and revision. */
  const contents = new Map<string, Values>();
  let tokens = 0;

  const carry = (flowId: string, values: Iterable<number>): void => {
    for (const token of values) carriers.set(token, (carriers.get(token) ?? new Set()).add(flowId));
  };

  return {
    spaces,
    writes,
    now,
    nextToken: () => (tokens += 1),
    addSpace(
      space: Pick<SpaceRecord, 'id' | 'database' | 'kind'>,
      ownerId: string,
      from = now(),
    ): SpaceRecord {
      const added: SpaceRecord = { ...space, roles: new Map(), memberships: [] };
      spaces.set(space.id, added);
      this.join(space.id, ownerId, 'owner', from);
      return added;
    },
    /** From when a member may have seen the space: the moment at which he asked to come in. */
    join(spaceId: string, userId: string, role: Role, from = now()): void {
      const space = spaces.get(spaceId);
      if (!space) return;
      if (!space.roles.has(userId)) space.memberships.push({ userId, from, to: Number.POSITIVE_INFINITY });
      space.roles.set(userId, role);
    },
    /** Until when: the moment at which whoever removed him had the answer. */
    leave(spaceId: string, userId: string, to = now()): void {
      const space = spaces.get(spaceId);
      space?.roles.delete(userId);
      for (const membership of space?.memberships ?? [])
        if (membership.userId === userId) membership.to = Math.min(membership.to, to);
    },
    wasMember: (spaceId: string, userId: string, from: number, to: number): boolean =>
      (spaces.get(spaceId)?.memberships ?? []).some(
        (membership) => membership.userId === userId && membership.from <= to && membership.to >= from,
      ),
    /** Says that a flow is in a space from then on; it may have been elsewhere before. */
    place(flowId: string, spaceId: string, from = now()): void {
      const known = places.get(flowId) ?? [];
      places.set(flowId, [...known, { spaceId, from, to: Number.POSITIVE_INFINITY }]);
    },
    placesOf: (flowId: string): readonly Place[] => places.get(flowId) ?? [],
    /** Says that a flow is nowhere else any more. */
    leftAllBut(flowId: string, spaceId: string, to = now()): void {
      for (const place of places.get(flowId) ?? [])
        if (place.spaceId !== spaceId) place.to = Math.min(place.to, to);
    },
    flowIds: (): string[] => [...places.keys()],
    /** The space in which a flow is, as far as anybody knows. */
    spaceOfFlow: (flowId: string): SpaceRecord | undefined =>
      spaces.get(places.get(flowId)?.findLast(({ to }) => to === Number.POSITIVE_INFINITY)?.spaceId ?? ''),
    noteContent: (flowId: string, revision: string, values: Values) =>
      void contents.set(`${flowId}@${revision}`, values),
    contentOf: (flowId: string, revision: string): Values | null =>
      contents.get(`${flowId}@${revision}`) ?? null,
    knowsFlow: (flowId: string): boolean => places.has(flowId),
    carry,
    carriersOf: (token: number): ReadonlySet<string> => carriers.get(token) ?? new Set(),
    /** An acknowledged write: the values it made, and those it replaced knowing them. */
    acknowledge(write: Omit<Write, 'token' | 'slot'>, before: Values, after: Values): void {
      for (const [slot, token] of after) {
        if (before.get(slot) !== token) writes.set(token, { ...write, token, slot });
      }
      carry(write.flowId, after.values());
      this.replace(before, after);
    },
    /** Values that somebody who knew them has replaced, or may have. */
    replace(before: Values, after: Values): void {
      for (const [slot, token] of before) if (after.get(slot) !== token) replaced.add(token);
    },
    /** What must be found at rest. */
    required: (): Write[] => [...writes.values()].filter(({ token }) => !replaced.has(token)),
    /** Whether somebody could rightly have seen a value at that time or before. */
    mayKnow(userId: string, token: number, at: number): boolean {
      const write = writes.get(token);
      if (!write || write.userId === userId) return true;
      const flows = [...this.carriersOf(token)].flatMap((flowId) => places.get(flowId) ?? []);
      const seen = flows.filter(({ to }) => to >= write.at);
      return [...seen, { spaceId: write.spaceId, from: write.at, to: Number.POSITIVE_INFINITY }].some(
        ({ spaceId, from, to }) => this.wasMember(spaceId, userId, from, Math.min(to, at)),
      );
    },
  };
}
