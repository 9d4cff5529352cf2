import { flowDocId } from '../../schema/ids.ts';
import type { LocalSpace } from '../local/open-space.ts';
import { createSpaceWorkspace, type SpaceInfo, type SpaceWorkspace, type Workspace } from '../workspace.ts';
import { createSignal } from '../signal.ts';
import type { Unsubscribe } from '../types.ts';
import { createNoticeStore } from './notices.ts';

/** Opens everything that is kept here for a user. */
export async function openWorkspace(
  personalSpace: LocalSpace,
  database: () => string | null,
  iso: () => string,
): Promise<Workspace> {
  const personal = createSpaceWorkspace(personalSpace, personalInfo(personalSpace.userId, database), iso);
  const notices = createNoticeStore(personalSpace.notes);
  const spacesChanged = createSignal<void>();
  const droppings = new Set<(space: SpaceWorkspace) => Promise<void>>();
  const open: readonly SpaceWorkspace[] = [personal];
  const all = () => open;
  /** Listens to every open space, those that open later among them. */
  const follow = (listen: (space: SpaceWorkspace) => Unsubscribe, refresh: () => void): Unsubscribe => {
    let ends = all().map(listen);
    const unsubscribe = spacesChanged.subscribe(() => {
      for (const end of ends) end();
      ends = all().map(listen);
      refresh();
    });
    return () => {
      unsubscribe();
      for (const end of ends) end();
    };
  };
  return {
    userId: personalSpace.userId,
    personal,
    all,
    get: (spaceId) => all().find(({ info }) => info.id === spaceId) ?? null,
    async find(flowId) {
      for (const space of all()) {
        await space.flowIndex.ready();
        if (space.flowIndex.entries().has(flowDocId(flowId))) return space;
      }
      return null;
    },
    onSpaces: spacesChanged.subscribe,
    onFlows: (listener) =>
      follow(
        ({ flowIndex }) => flowIndex.onChange(listener),
        () => listener(),
      ),
    onRuns: (listener) => follow(({ runs }) => runs.onChange(listener), listener),
    onRefused: (listener) => follow(({ refused }) => refused.onChange(listener), listener),
    onDropping(listener) {
      droppings.add(listener);
      return () => droppings.delete(listener);
    },
    notices,
    async close() {
      notices.close();
      await Promise.all(all().map((space) => space.close()));
    },
    async destroy() {
      notices.close();
      // The personal space last: it says which others there are, should this be interrupted.
      await Promise.all(
        all()
          .slice(1)
          .map((space) => space.destroy()),
      );
      await personal.destroy();
    },
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
