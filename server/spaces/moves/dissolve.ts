import { isMonth, personalDatabase, runsDatabase, type Month } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { SetteeError } from '../../errors.ts';
import type { Directory } from '../directory.ts';
import { endingWhereAlone } from '../member-changes.ts';
import { lastMember } from '../membership.ts';
import type { Outbox } from '../outbox.ts';
import { listRunsDatabases, removeSpace } from '../remove-space.ts';
import { databaseOf, monthsOf, spaceIdOf, type SpaceDocument } from '../space-document.ts';
import { copyLeaves, copyVersions, readFlowLeaves } from './copy-flow.ts';
import { isLive, readLeaves, writeLeaves } from './flow-leaves.ts';
import type { Writers } from './late-parts.ts';
import type { MoveRequest } from './move-flow.ts';

export interface DissolveServices {
  couch: Couch;
  directory: Directory;
  outbox: Outbox;
  clock: () => Date;
  moveFlow: (request: MoveRequest) => Promise<void>;
  finishArrivals: (space: SpaceDocument) => Promise<boolean>;
  /** Takes on what arrived in a space after the flow left it, also where the space is closed. */
  carry: (late: { spaceId: string; flowId: string; writers: Writers }) => Promise<void>;
  /** Resolves when requests of whoever was revoked are over. */
  ended: () => Promise<void>;
}

const pageSize = 200;

/**
 * Ends a space of shared flows that is shared with nobody any more: its flows go back to the owner's personal space,
 * its runs with them, and the space goes. May be repeated after a crash; false where somebody still shares it.
 */
export async function dissolve(services: DissolveServices, spaceId: string): Promise<boolean> {
  const { couch, directory, outbox, clock, moveFlow } = services;
  const space = await directory.update(
    spaceId,
    (current) => current && (current.dissolving ? current : endingWhereAlone(current, clock())),
  );
  const owner = lastMember(space, clock());
  if (space === null || owner === null) return false;
  const database = databaseOf(space, couch.prefix);
  for (const flowId of await flowsIn(couch, database)) {
    await moveFlow({ flowId, from: spaceId, to: owner, by: owner });
  }
  for (const runs of await listRunsDatabases(couch, database)) {
    await copyRuns(services, runs, { owner, month: runs.slice(-'YYYY-MM'.length) });
  }
  if ((await flowsIn(couch, database)).length > 0) {
    throw new SetteeError('conflict', 'Something was written in the space meanwhile.');
  }
  const check = (current: SpaceDocument): void => {
    if (lastMember(current, clock()) !== owner)
      throw new SetteeError('conflict', 'Somebody joined meanwhile.');
  };
  const drain = (closed: SpaceDocument): Promise<void> => drainSpace(services, closed);
  const { finishArrivals } = services;
  // What was published stays, as its flows do.
  const unpublish = (): Promise<void> => Promise.resolve();
  const removal = {
    couch,
    directory,
    outbox,
    now: clock(),
    check,
    heir: owner,
    drain,
    finishArrivals,
    unpublish,
  };
  await removeSpace(removal, spaceId);
  return true;
}

/**
 * Brings to its heir what was written in a space between the last look and its end: a browser that was told that it is
 * stored keeps no copy. May be repeated.
 */
export async function drainSpace(services: DissolveServices, space: SpaceDocument): Promise<void> {
  const { couch, directory, carry, ended } = services;
  const { heir: owner } = space;
  const home = owner === undefined ? null : await directory.read(owner);
  if (owner === undefined || !home || home.removing) return;
  await ended();
  const database = databaseOf(space, couch.prefix);
  if (!(await couch.exists(database))) return;
  const places = {
    source: couch.admin<object>(database),
    target: couch.admin<object>(databaseOf(home, couch.prefix)),
  };
  for (const flowId of new Set([
    ...(await flowsIn(couch, database)),
    ...(await flowsOfVersionsIn(couch, database)),
  ])) {
    await carry({ spaceId: spaceIdOf(space), flowId, writers: [owner] });
    // One that was never anywhere else has not left.
    await copyVersions(places, flowId);
    await copyLeaves(places, await readFlowLeaves(places.source, flowId));
  }
  for (const runs of await listRunsDatabases(couch, database)) {
    await copyRuns(services, runs, { owner, month: runs.slice(-'YYYY-MM'.length) });
  }
}

async function flowsIn(couch: Couch, database: string): Promise<string[]> {
  const { rows } = await couch.admin<object>(database).list({ startkey: 'flow:', endkey: 'flow;' });
  return rows.map(({ id }) => id.slice('flow:'.length));
}

async function flowsOfVersionsIn(couch: Couch, database: string): Promise<string[]> {
  const { rows } = await couch.admin<object>(database).list({ startkey: 'version:', endkey: 'version;' });
  return rows.map(({ id }) => id.slice('version:'.length).split(':')[0] ?? '');
}

async function copyRuns(
  { couch, directory }: DissolveServices,
  source: string,
  { owner, month }: { owner: string; month: Month },
): Promise<void> {
  if (!isMonth(month)) return;
  await directory.update(owner, (current) =>
    current && month < monthsOf(current).earliest ? { ...current, earliestMonth: month } : null,
  );
  const target = runsDatabase(personalDatabase(owner, couch.prefix), month);
  await couch.createDatabase(target, 'runs', owner);
  const [from, to] = [couch.admin<object>(source), couch.admin<object>(target)];
  for (let startkey: string | undefined; ;) {
    const { rows } = await from.list({ limit: pageSize, ...(startkey === undefined ? {} : { startkey }) });
    for (const { id } of rows) {
      if (id.startsWith('_design/')) continue;
      await writeLeaves(to, (await readLeaves(from, id)).filter(isLive));
    }
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    startkey = `${last.id}\u0000`;
  }
}

/** How long a new space may be shared with nobody: it is made before the first invitation into it. */
const loneMilliseconds = 600_000;

/** Spaces that a crash left shared with nobody: their end was cut short, or their first invitation never came. */
export async function findDissolving(
  directory: Directory,
  now: Date,
): Promise<{ spaceId: string; notBefore: number }[]> {
  const found: { spaceId: string; notBefore: number }[] = [];
  for await (const space of directory.all()) {
    const { dissolving, removing, createdAt } = space;
    const isEnding = dissolving === true && !removing;
    if (!isEnding && lastMember(space, now) === null) continue;
    const notBefore = isEnding ? 0 : Date.parse(createdAt) + loneMilliseconds;
    found.push({ spaceId: spaceIdOf(space), notBefore });
  }
  return found;
}
