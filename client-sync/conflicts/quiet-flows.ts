import type { SpaceWorkspace } from '../workspace.ts';

/** Flows whose history has several ends and that were found settled: not to be read again until they change. */
export interface QuietFlows {
  toLookAt: (workspace: SpaceWorkspace) => string[];
  note: (workspace: SpaceWorkspace, docId: string) => void;
}

export function createQuietFlows(): QuietFlows {
  const known = new WeakMap<SpaceWorkspace, Set<string>>();
  const of = (workspace: SpaceWorkspace): Set<string> => {
    const found = known.get(workspace);
    if (found) return found;
    const quiet = new Set<string>();
    known.set(workspace, quiet);
    workspace.flowIndex.onChange((ids) => {
      for (const id of ids) quiet.delete(id);
    });
    return quiet;
  };
  return {
    toLookAt(workspace) {
      const quiet = of(workspace);
      const moved = workspace.flowIndex.marks();
      const isHere = (docId: string) => !moved.has(`moved:${docId.slice('flow:'.length)}`);
      return [...workspace.flowIndex.branched()].filter((docId) => !quiet.has(docId) && isHere(docId));
    },
    note: (workspace, docId) => void of(workspace).add(docId),
  };
}
