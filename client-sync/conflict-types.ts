import type { FlowDiff3, FlowInput } from '../flow/index.ts';
import type { Flow } from './flow-types.ts';
import type { Unsubscribe } from './signal.ts';

/** One live branch of a flow's history, or a deletion. */
export interface ConflictLeaf {
  revision: string;
  /** Null where this branch deletes the flow for good. */
  flow: Flow | null;
  deleted: boolean;
}

/** A flow that two devices changed apart. */
export interface Conflict {
  flowId: string;
  spaceId: string;
  /** `delete` where one side deletes what another changes. */
  kind: 'edit' | 'delete';
  /** What this device wrote last, else the side that is shown now. Null where it is a deletion for good. */
  local: Flow | null;
  /** The other side; of several, the newest. */
  server: Flow | null;
  /** All sides, the one shown now first. */
  leaves: ConflictLeaf[];
  /** What the sides have in common, where it is kept on this device. */
  base?: Flow;
  /**
   * What each side changed and where they disagree; `sides` and `by` follow those of `leaves` that have a flow. Without
   * a base every difference is a disagreement.
   */
  diff: FlowDiff3;
  /** False for viewers, who may write nothing. */
  canResolve: boolean;
}

export type ConflictChoice = { keep: 'local' | 'server' } | { merged: Partial<FlowInput> };

export interface ConflictsApi {
  list: () => Promise<Conflict[]>;
  /** Settles a conflict on every device; what loses becomes a version. */
  resolve: (flowId: string, choice: ConflictChoice) => Promise<Flow>;
  watch: (listener: (conflicts: Conflict[]) => void) => Unsubscribe;
}
