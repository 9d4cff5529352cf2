import { flowDocId, type FlowDocument } from '../../../schema/index.ts';
import type { StoredFlow } from '../flows/flow-actions.ts';
import type { FlowCatalog } from '../flows/flow-catalog.ts';
import type { FlowSummary } from '../flows/flow-summary.ts';
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
/**
 * A membership says when it was asked for, and is seen when it is stored, by processes whose clocks may differ: whoever
 * pulls between the two is told a later time and has not seen the space. To give its flows again costs only traffic.
 */
const unseenMilliseconds = 300_000;
/** Before every flow. */
const ever = '0000-01-01T00:00:00.000Z';

export interface PullOptions {
  clock: ChangeClock;
  catalog: FlowCatalog;
  /** A time, or what `syncedAt` said. */
  since?: string;
  limits?: AnswerLimits;
}

/** A flow with the space where it is. */
export interface PulledFlow {
  flow: StoredFlow;
  space: UserSpace;
}

export interface PulledFlows {
  flows: PulledFlow[];
  /** The `since` of the next call. */
  syncedAt: string;
  /** Set where that call gives the rest of what there is now. */
  more?: true;
}

/** A flow and the space where it is. */
interface Placed {
  flow: FlowSummary;
  space: PulledSpace;
}

/** A space of the caller's; `joined` tells since when, where it was not always his. */
export interface PulledSpace extends UserSpace {
  joined?: string;
}

async function changedIn(
  space: PulledSpace,
  { clock, catalog, from: asked }: { clock: ChangeClock; catalog: FlowCatalog; from: string },
): Promise<Placed[]> {
  const { documents, joined } = space;
  // Whoever joined since has seen nothing of what was there before.
  const isNew = joined !== undefined && Date.parse(joined) >= Date.parse(asked) - unseenMilliseconds;
  const from = isNew ? ever : asked;
  const index = await catalog.current(space);
  const start = await clock.sequenceAt(documents, from);
  const arrived = start === null ? new Set<string>() : await changedIds(documents, start.sequence);
  const changed = index.all().filter(({ id, updatedAt }) => updatedAt >= from || arrived.has(id));
  return changed.map((flow) => ({ flow, space }));
}

/** In the order in which they are given. While a flow moves it may be in two spaces: the longer history counts. */
async function changedFlows(
  spaces: readonly PulledSpace[],
  options: { clock: ChangeClock; catalog: FlowCatalog; from: string },
): Promise<Placed[]> {
  const byId = new Map<string, Placed>();
  const found = await Promise.all(spaces.map((space) => changedIn(space, options)));
  const generation = ({ flow }: Placed): number => Number.parseInt(flow.revision, 10);
  for (const placed of found.flat()) {
    const known = byId.get(placed.flow.id);
    if (!known || generation(placed) > generation(known)) byId.set(placed.flow.id, placed);
  }
  return sorted(byId.values(), (a, b) => comparePositions(a.flow, b.flow));
}

/** Whole flows of several spaces, in the order in which they are asked for. */
async function fetchPlaced(wanted: readonly Placed[]): Promise<PulledFlow[]> {
  const found = new Map<string, PulledFlow>();
  for (const space of new Set(wanted.map((one) => one.space))) {
    const ids = wanted.filter((one) => one.space === space).map(({ flow }) => flowDocId(flow.id));
    for (const flow of await space.documents.fetch<FlowDocument>(ids)) found.set(flow._id, { flow, space });
  }
  return wanted.flatMap(({ flow }) => found.get(flowDocId(flow.id)) ?? []);
}

/** As many of these flows as one answer holds, and how many of them that is: some may be gone. */
async function readSome(
  wanted: readonly Placed[],
  limits: AnswerLimits,
): Promise<{ flows: PulledFlow[]; read: number }> {
  const limit = createPageLimit();
  const flows: PulledFlow[] = [];
  let read = 0;
  let characters = 0;
  while (read < wanted.length && read < limits.flows && characters < limits.characters) {
    const end = Math.min(read + limit.next(), limits.flows);
    const page = await fetchPlaced(wanted.slice(read, end));
    characters += limit.note(page.map(({ flow }) => flow));
    flows.push(...page);
    read = Math.min(end, wanted.length);
  }
  return { flows, read };
}

/** The times are those of the databases before anything is read; a later one serves the others as well. */
async function markAll(spaces: readonly PulledSpace[], clock: ChangeClock): Promise<string> {
  const times = await Promise.all(spaces.map(({ documents }) => clock.mark(documents)));
  return times.reduce((latest, time) => (time > latest ? time : latest));
}

/**
 * Whole flows of these spaces that changed since a time, soft-deleted ones too, and the time to ask from next. A flow whose `updatedAt`
 * is that time belongs to them, and so does one that arrived later than its `updatedAt` says. What changes between the
 * answers of one pull is in a later one or in the next pull: the time to ask from next is that of the first answer.
 */
export async function pullFlows(
  spaces: readonly PulledSpace[],
  { clock, catalog, since = ever, limits = defaultLimits }: PullOptions,
): Promise<PulledFlows> {
  const continued = readContinuation(since);
  const from = new Date(continued?.since ?? since).toISOString();
  const syncedAt = continued?.syncedAt ?? (await markAll(spaces, clock));
  const changed = await changedFlows(spaces, { clock, catalog, from });
  const wanted = continued
    ? changed.filter(({ flow }) => comparePositions(flow, continued.last) > 0)
    : changed;
  const { flows, read } = await readSome(wanted, limits);
  const last = wanted[read - 1]?.flow;
  if (last === undefined || read === wanted.length) return { flows, syncedAt };
  return { flows, syncedAt: writeContinuation({ syncedAt, since: from, last }), more: true };
}
