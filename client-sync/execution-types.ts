import type { ExecutionDocument, ExecutionResult } from '../schema/index.ts';
import type { Unsubscribe } from './signal.ts';

/** A run as applications see it: a bare id, none of the engine's fields. Unknown fields stay. */
export type Execution = {
  [
    Field in keyof ExecutionDocument as Field extends `_${string}` | 'type' | 'schemaVersion' ? never : Field
  ]: ExecutionDocument[Field];
} & { id: string };
export type { ExecutionResult };

export interface ExecutionStart {
  flowId: string;
  flowName?: string;
  flowVersion?: string;
  name?: string;
  input?: unknown;
  trigger?: Execution['trigger'];
  triggeredBy?: string;
  triggerMetadata?: Record<string, unknown>;
  environment?: Execution['environment'];
  tags?: string[];
}

type ExecutionEndFields =
  | 'results'
  | 'output'
  | 'duration'
  | 'tokensUsed'
  | 'apiCallCount'
  | 'nodeExecutionTimes'
  | 'cacheHits'
  | 'cacheMisses'
  | 'error'
  | 'errorStack'
  | 'errorType'
  | 'failedNodeId'
  | 'failedNodeName'
  | 'retryCount'
  | 'logs'
  | 'warnings'
  | 'debugInfo';

/** How a run ended. `duration` (ms) is measured from the start where it is missing. */
export type ExecutionEnd = { status: 'completed' | 'failed' | 'cancelled' } & {
  [Field in ExecutionEndFields]?: Execution[Field];
} & {
  metrics?: { nodeExecutionTimes?: Record<string, number>; cacheHits?: number; cacheMisses?: number };
};

export interface ExecutionQuery {
  flowId?: string;
  status?: Execution['status'];
  /** Default 100. */
  limit?: number;
  offset?: number;
}

export interface ExecutionListResult {
  executions: Execution[];
  total: number;
}

export interface ExecutionsApi {
  /** Records that a run has started; its id tells the month it belongs to. */
  start: (input: ExecutionStart) => Promise<Execution>;
  complete: (id: string, end: ExecutionEnd) => Promise<Execution>;
  /** A run of any kept month; of an older one where the server can be reached. */
  get: (id: string) => Promise<Execution | null>;
  /** Newest first, over the months kept here. */
  list: (query?: ExecutionQuery) => Promise<ExecutionListResult>;
  watch: (query: ExecutionQuery, listener: (result: ExecutionListResult) => void) => Unsubscribe;
}
