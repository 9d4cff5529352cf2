import type { SpaceWorkspace } from '../workspace.ts';

/** Flows whose history has several ends and that were found settled: not to be read again until they change. */
export interface QuietFlows {
  toLookAt: (workspace: SpaceWorkspace) => string[];
  /** To be called before a flow is read; what it gives notes the flow, unless that has changed since. */
  look: (workspace: SpaceWorkspace, docId: string) => () => void;
}

/** What was last seen of a flow. */
interface Look {
  isQuiet: boolean;
}

export function createQuietFlows(): QuietFlows {
  const known = new WeakMap<SpaceWorkspace, Map<string, Look>>();
  const of = (workspace: SpaceWorkspace): Map<string, Look> => {
    const found = known.get(workspace);
    if (found) return found;
    const looks = new Map<string, Look>();
    known.set(workspace, looks);
    workspace.flowIndex.onChange((ids) => {
      for (const id of ids) looks.delete(id);
    });
    return looks;
  };
  return {
    toLookAt(workspace) {
      const looks = of(workspace);
      const moved = workspace.flowIndex.marks();
      const isHere = (docId: string) => !moved.has(`moved:${docId.slice('flow:'.length)}`);
      return [...workspace.flowIndex.branched()].filter(
        (docId) => looks.get(docId)?.isQuiet !== true && isHere(docId),
      );
    },
    look(workspace, docId) {
      const looks = of(workspace);
      // Several may look at once. A change takes the look away: what comes of it then is noted nowhere.
      const look = looks.get(docId) ?? { isQuiet: false };
      looks.set(docId, look);
      return () => {
        look.isQuiet = true;
      };
    },
  };
}
