import { idPrefixes } from '../schema/ids.ts';
import { createDocumentIndex, type DocumentIndex } from './local/document-index.ts';
import { createFlowStore, type FlowStore } from './local/flow-store.ts';
import { summarizeFlow, type FlowSummary } from './local/flow-summary.ts';
import type { HandedOut } from './local/handed-out.ts';
import type { LocalSpace } from './local/open-space.ts';
import { createRunIndex, type RunIndex } from './local/run-index.ts';
import { createRefusedStore, type RefusedStore } from './replication/refused-store.ts';
import type { NoticeStore } from './spaces/notices.ts';
import type { Unsubscribe } from './signal.ts';

/** What is known of a space, from its membership document; of the personal one, from the session. */
export interface SpaceInfo {
  /** `local` before any account. */
  id: string;
  kind: 'personal' | 'team' | 'shared' | 'templates';
  name: string;
  role: 'owner' | 'editor' | 'viewer';
  /** Name of its database on the server; null before the first contact. */
  database: string | null;
  /** Names the membership that the local copy belongs to; null for spaces that need none. */
  grant: string | null;
}

/** One open space: its databases and what is known of them in memory. */
export interface SpaceWorkspace {
  /** Replaced when name or role change; the object handed out stays the same. */
  readonly info: SpaceInfo;
  space: LocalSpace;
  flowIndex: DocumentIndex<FlowSummary>;
  flows: FlowStore;
  runs: RunIndex;
  refused: RefusedStore;
  describe: (info: SpaceInfo) => void;
  /** Lets go of the databases. */
  close: () => Promise<void>;
  /** Removes the local databases. */
  destroy: () => Promise<void>;
}

/** What is open for the user of the moment: the personal space, and those that others share. */
export interface Workspace {
  userId: string | null;
  personal: SpaceWorkspace;
  /** The personal space first; the same array until `onSpaces` fires. */
  all: () => readonly SpaceWorkspace[];
  get: (spaceId: string) => SpaceWorkspace | null;
  /** The space where a flow is: neither moved away from there nor deleted for good. */
  find: (flowId: string) => Promise<SpaceWorkspace | null>;
  /** Resolves when spaces are open and dropped as the membership documents here say. */
  settle: () => Promise<void>;
  /** Whoever syncs tells that the server has what a space held: one that only waited for that goes. */
  pushed: (space: SpaceWorkspace) => void;
  /** How many documents would be lost with the local data, of all spaces. */
  countLocalOnly: () => Promise<number>;
  /** Spaces were opened, dropped or renamed, or the role in one is another. */
  onSpaces: (listener: () => void) => Unsubscribe;
  /** A membership document, or the choice of spaces, has changed. */
  onMemberships: (listener: () => void) => Unsubscribe;
  /** Flows of any space changed; without ids where anything may have. */
  onFlows: (listener: (ids?: ReadonlySet<string>) => void) => Unsubscribe;
  onRuns: (listener: () => void) => Unsubscribe;
  onRefused: (listener: () => void) => Unsubscribe;
  /** Awaited before a space's local databases are read for the last time and removed: whoever syncs it stops. */
  onDropping: (listener: (space: SpaceWorkspace) => Promise<void>) => Unsubscribe;
  notices: NoticeStore;
  close: () => Promise<void>;
  /** Removes all local databases of the user. */
  destroy: () => Promise<void>;
}

/** Opens what is known in memory of a space's local databases. */
export function createSpaceWorkspace(
  space: LocalSpace,
  info: SpaceInfo,
  iso: () => string,
  handedOut?: HandedOut,
): SpaceWorkspace {
  const flowIndex = createDocumentIndex({
    db: space.main,
    prefix: idPrefixes.flow,
    markPrefix: idPrefixes.moved,
    summarize: summarizeFlow,
  });
  const runs = createRunIndex(space);
  const refused = createRefusedStore(space.notes);
  let known = info;
  const stop = () => {
    flowIndex.close();
    runs.close();
    refused.close();
  };
  // By another tab.
  space.main.on('destroyed', stop);
  return {
    get info() {
      return known;
    },
    space,
    flowIndex,
    flows: createFlowStore({ db: space.main, index: flowIndex, iso, ...(handedOut ? { handedOut } : {}) }),
    runs,
    refused,
    describe(next) {
      known = next;
    },
    async close() {
      stop();
      await space.close();
    },
    async destroy() {
      stop();
      await space.destroy();
    },
  };
}

/** Gives the workspace of the moment, and tells when another one takes its place. */
export interface CurrentWorkspace {
  get: () => Workspace;
  onSwitch: (listener: () => void) => () => void;
}
