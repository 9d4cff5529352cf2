import type { Flow as StoredFlow, FlowInput } from '../flow/index.ts';
import type { Unsubscribe } from './signal.ts';
import type { FlowSharing } from './space-types.ts';

/** A flow as applications see it: its id, the space it is in, and the revision it was read at. */
export type Flow = StoredFlow & { spaceId: string };

/** Which flows to list, and in what order. */
export interface FlowQuery {
  /** Words that must all occur in name, description, tags, category, author, readme or node labels. */
  search?: string;
  /** All of these tags. */
  tags?: string[];
  category?: string;
  status?: Flow['status'];
  /** Default `updated`; with `search`, relevance comes first unless this is set. */
  sort?: 'updated' | 'created' | 'name';
  /** Default `desc` for times and `asc` for names. */
  order?: 'asc' | 'desc';
  /** Default 100. */
  limit?: number;
  offset?: number;
  /** Lists the softly deleted flows instead. */
  deleted?: boolean;
  /** Only the flows of this space. */
  spaceId?: string;
}

/** One page of the flows that match. */
export interface FlowListResult {
  flows: Flow[];
  /** How many match, whatever `limit` says. */
  total: number;
}

/**
 * What `save` takes: a whole flow, or for an existing id only the fields to change; null clears a field. With a
 * `revision` that is no longer the newest, changes of other fields are combined and changes of the same fields are
 * kept side by side as a conflict; one of a flow that nobody here knows rejects with `flow_not_found`. `spaceId` says
 * where a new flow is made, by default in the personal space; a flow that is there already stays where it is.
 */
export type FlowChange = Partial<FlowInput> & { id?: string; revision?: string; spaceId?: string };

/** How far the changes noted so far have come. */
export type AutosaveState = 'idle' | 'saving' | 'saved' | 'error';

/** Saves one flow while it is edited. */
export interface Autosave {
  /** Notes a change; it is written when nothing has changed for two seconds. Nothing is written for an unsaved flow. */
  change: (patch: Omit<FlowChange, 'id' | 'revision' | 'spaceId'>) => void;
  /** Writes now what is waiting; rejects where that fails. */
  flush: () => Promise<void>;
  state: () => AutosaveState;
  subscribe: (listener: (state: AutosaveState, error?: Error) => void) => Unsubscribe;
  /** Writes what is waiting and stops. */
  close: () => Promise<void>;
}

/** The flows of all open spaces. */
export interface FlowsApi extends FlowSharing {
  /**
   * Creates or changes a flow, in whichever open space it is. Writes nothing where nothing changed; unknown fields stay
   * as they are. Rejects with `read_only` where the user only reads.
   */
  save: (input: FlowChange) => Promise<Flow>;
  get: (id: string) => Promise<Flow | null>;
  list: (query?: FlowQuery) => Promise<FlowListResult>;
  /** Calls back with the list now and after every change of it, from here, other tabs or the server. */
  watch: (query: FlowQuery, listener: (result: FlowListResult) => void) => Unsubscribe;
  watchOne: (id: string, listener: (flow: Flow | null) => void) => Unsubscribe;
  /** Deletes softly: the flow leaves the list and can be restored. */
  remove: (id: string) => Promise<Flow>;
  restore: (id: string) => Promise<Flow>;
  autosave: (id: string) => Autosave;
}

/** A snapshot of a flow, which never changes. */
export interface FlowVersion {
  id: string;
  flowId: string;
  /** The flow as it was. */
  flow: Flow;
}

/** The kept versions of flows. */
export interface VersionsApi {
  /** Keeps the flow as it is now. The same content is kept once. */
  save: (flowId: string, options?: { changes?: string }) => Promise<FlowVersion>;
  /** Newest first. */
  list: (flowId: string) => Promise<FlowVersion[]>;
  /** Makes a version the flow again; what it replaces becomes a version first. */
  restore: (flowId: string, versionId: string) => Promise<Flow>;
}
