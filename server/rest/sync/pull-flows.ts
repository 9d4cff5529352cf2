import { flowDocId, type FlowDocument } from '../../../schema/index.ts';
import type { StoredFlow } from '../flows/flow-actions.ts';
import type { FlowCatalog } from '../flows/flow-catalog.ts';
import type { FlowSummary } from '../flows/flow-summary.ts';
import type { DocumentStore } from '../store/document-store.ts';
import { createPageLimit } from '../store/page-limit.ts';
import { sorted } from '../store/sorted.ts';
import type { UserSpace } from '../store/user-space.ts';
import type { ChangeClock } from './change-clock.ts';
import { changedIds } from './changed-ids.ts';
import { comparePositions, readContinuation, writeContinuation } from './continuation.ts';

/** What one answer holds at most; it is complete in memory before it is sent. */
export interface AnswerLimits {
  flows: number;
  /** Of JSON; an answer ends with the page of documents that reaches it. */
  characters: number;
}

const defaultLimits: AnswerLimits = { flows: 1000, characters: 16_000_000 };
/** Before every flow. */
const ever = '0000-01-01T00:00:00.000Z';

export interface PullOptions {
  clock: ChangeClock;
  catalog: FlowCatalog;
  /** A time, or what `syncedAt` said. */
  since?: string;
  limits?: AnswerLimits;
}

export interface PulledFlows {
  flows: StoredFlow[];
  /** The `since` of the next call. */
  syncedAt: string;
  /** Set where that call gives the rest of what there is now. */
  more?: true;
}

/** In the order in which they are given. */
async function changedFlows(
  space: UserSpace,
  { clock, catalog, from }: { clock: ChangeClock; catalog: FlowCatalog; from: string },
): Promise<FlowSummary[]> {
  const { documents } = space;
  const index = await catalog.current(space);
  const start = await clock.sequenceAt(documents, from);
  const arrived = start === null ? new Set<string>() : await changedIds(documents, start.sequence);
  const changed = index.all().filter(({ id, updatedAt }) => updatedAt >= from || arrived.has(id));
  return sorted(changed, comparePositions);
}

/** As many of these flows as one answer holds, and how many of them that is: some may be gone. */
async function readSome(
  documents: DocumentStore,
  wanted: readonly FlowSummary[],
  limits: AnswerLimits,
): Promise<{ flows: StoredFlow[]; read: number }> {
  const limit = createPageLimit();
  const flows: StoredFlow[] = [];
  let read = 0;
  let characters = 0;
  while (read < wanted.length && read < limits.flows && characters < limits.characters) {
    const end = Math.min(read + limit.next(), limits.flows);
    const page = await documents.fetch<FlowDocument>(wanted.slice(read, end).map(({ id }) => flowDocId(id)));
    characters += limit.note(page);
    flows.push(...page);
    read = Math.min(end, wanted.length);
  }
  return { flows, read };
}

/**
 * Whole flows that changed since a time, soft-deleted ones too, and the time to ask from next. A flow whose `updatedAt`
 * is that time belongs to them, and so does one that arrived later than its `updatedAt` says. What changes between the
 * answers of one pull is in a later one or in the next pull: the time to ask from next is that of the first answer.
 */
export async function pullFlows(
  space: UserSpace,
  { clock, catalog, since = ever, limits = defaultLimits }: PullOptions,
): Promise<PulledFlows> {
  const { documents } = space;
  const continued = readContinuation(since);
  const from = new Date(continued?.since ?? since).toISOString();
  const syncedAt = continued?.syncedAt ?? (await clock.mark(documents));
  const changed = await changedFlows(space, { clock, catalog, from });
  const wanted = continued ? changed.filter((flow) => comparePositions(flow, continued.last) > 0) : changed;
  const { flows, read } = await readSome(documents, wanted, limits);
  const last = wanted[read - 1];
  if (last === undefined || read === wanted.length) return { flows, syncedAt };
  return { flows, syncedAt: writeContinuation({ syncedAt, since: from, last }), more: true };
}
