import { createDocumentIndex, type DocumentIndex } from './local/document-index.ts';
import { createFlowStore, type FlowStore } from './local/flow-store.ts';
import { summarizeFlow, type FlowSummary } from './local/flow-summary.ts';
import type { LocalSpace } from './local/open-space.ts';
import { createRunIndex, type RunIndex } from './local/run-index.ts';
import { createRefusedStore, type RefusedStore } from './replication/refused-store.ts';

/** What is open for the user of the moment: the databases and what is known of them in memory. */
export interface Workspace {
  space: LocalSpace;
  flowIndex: DocumentIndex<FlowSummary>;
  flows: FlowStore;
  runs: RunIndex;
  refused: RefusedStore;
  close: () => Promise<void>;
}

export function createWorkspace(space: LocalSpace, iso: () => string): Workspace {
  const flowIndex = createDocumentIndex({ db: space.main, prefix: 'flow:', summarize: summarizeFlow });
  const runs = createRunIndex(space);
  const refused = createRefusedStore(space.notes);
  return {
    space,
    flowIndex,
    flows: createFlowStore({ db: space.main, index: flowIndex, iso }),
    runs,
    refused,
    async close() {
      flowIndex.close();
      runs.close();
      refused.close();
      await space.close();
    },
  };
}

/** Gives the workspace of the moment, and tells when another one takes its place. */
export interface CurrentWorkspace {
  get: () => Workspace;
  onSwitch: (listener: () => void) => () => void;
}
