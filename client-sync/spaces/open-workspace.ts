import type { Environment } from '../environment.ts';
import { findFlow, flowsReady } from '../local/flow-places.ts';
import { createHandedOut } from '../local/handed-out.ts';
import type { LocalSpace } from '../local/open-space.ts';
import type { PouchOpener } from '../pouch/open-pouch.ts';
import { createLeadership } from '../replication/leadership.ts';
import { reportUnexpected, type Signal, type Unsubscribe } from '../signal.ts';
import { createSpaceWorkspace, type SpaceInfo, type SpaceWorkspace, type Workspace } from '../workspace.ts';
import { followMemberships } from './follow-memberships.ts';
import { createHolds } from './holds.ts';
import { createNoticeStore } from './notices.ts';
import { createSpaceSet } from './space-set.ts';

interface OpenOptions {
  opener: PouchOpener;
  /** The user's personal space. */
  space: LocalSpace;
  /** Name of its database on the server, once it is known. */
  database: () => string | null;
  environment: Environment;
  iso: () => string;
}

/** Opens everything that is kept here for a user. */
export async function openWorkspace(options: OpenOptions): Promise<Workspace> {
  const { opener, space, database, environment, iso } = options;
  const handedOut = createHandedOut();
  const personal = createSpaceWorkspace(space, personalInfo(space.userId, database), iso, handedOut);
  const notices = createNoticeStore(space.notes);
  const holds = createHolds(environment, space.name);
  const set = createSpaceSet({ opener, personal, iso, handedOut, holds });
  const droppings = new Set<(dropped: SpaceWorkspace) => Promise<void>>();
  let leads = false;
  const follower = await followMemberships({
    personal,
    set,
    notices,
    iso,
    leads: () => leads,
    async beforeDrop(dropped) {
      const outcomes = await Promise.allSettled([...droppings].map((listener) => listener(dropped)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') reportUnexpected(outcome.reason);
    },
  });
  const leadership = createLeadership(environment, `${space.name}:spaces`, (isLeader) => {
    leads = isLeader;
    if (leads) follower.settle().catch(() => {});
  });
  const { all, changed } = set;
  const workspace: Workspace = {
    userId: space.userId,
    personal,
    all,
    get: (spaceId) => all().find(({ info }) => info.id === spaceId) ?? null,
    async find(flowId) {
      // Where they cannot be read, the storage's failure shows in what follows.
      await flowsReady(workspace).catch(() => {});
      return findFlow(all(), flowId);
    },
    settle: follower.settle,
    pushed: follower.pushed,
    countLocalOnly: follower.countLocalOnly,
    onSpaces: changed.subscribe,
    onMemberships: follower.onChange,
    onFlows: (listener) =>
      followEach(
        set,
        ({ flowIndex }) => flowIndex.onChange(listener),
        () => listener(),
      ),
    onRuns: (listener) => followEach(set, ({ runs }) => runs.onChange(listener), listener),
    onRefused: (listener) => followEach(set, ({ refused }) => refused.onChange(listener), listener),
    onDropping(listener) {
      droppings.add(listener);
      return () => droppings.delete(listener);
    },
    notices,
    async close() {
      await follower.close();
      notices.close();
      // The others may be gone already, by another tab.
      await Promise.allSettled(
        all()
          .slice(1)
          .map((open) => open.close()),
      );
      holds.letGoOfAll();
      await personal.close().finally(() => leadership.close());
    },
    async destroy() {
      // The personal space last: it says which others there are, should this be interrupted.
      await follower.destroy();
      holds.letGoOfAll();
      notices.close();
      await personal.destroy().finally(() => leadership.close());
    },
  };
  return workspace;
}

/** Listens to every open space, those that open later among them. */
function followEach(
  { all, changed }: { all: () => readonly SpaceWorkspace[]; changed: Signal<void> },
  listen: (space: SpaceWorkspace) => Unsubscribe,
  refresh: () => void,
): Unsubscribe {
  let ends = all().map(listen);
  const unsubscribe = changed.subscribe(() => {
    for (const end of ends) end();
    ends = all().map(listen);
    refresh();
  });
  return () => {
    unsubscribe();
    for (const end of ends) end();
  };
}

function personalInfo(userId: string | null, database: () => string | null): SpaceInfo {
  return {
    id: userId ?? 'local',
    kind: 'personal',
    name: '',
    role: 'owner',
    get database() {
      return database();
    },
    grant: null,
  };
}
