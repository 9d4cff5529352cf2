import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { computeRevision, makeVersion } from '../../../flow/index.ts';
import { flowDocId, personalDatabase, spaceDatabase, type FlowDocument } from '../../../schema/index.ts';
import type { Couch } from '../../../server/couch/couch.ts';
import { readLeaves } from '../../../server/spaces/moves/flow-leaves.ts';
import type { Outbox } from '../../../server/spaces/outbox.ts';
import { createDirectory, type Directory } from '../../../server/spaces/directory.ts';
import { createMoves, type Moves } from '../../../server/spaces/moves/moves.ts';
import { flowDoc } from '../../support/fixtures/flow-fixtures.ts';
import { madeIn } from '../../support/use-settee.ts';
import { silentLog } from '../couch/open-couch.ts';
import { openSpaces, type TestSpaces } from './open-spaces.ts';

/** One process that moves flows. */
export interface Mover extends Moves {
  directory: Directory;
}

export interface MovingFlows extends TestSpaces {
  mover(couch?: Couch): Mover;
  /** The space's flows and versions. */
  databaseOf(spaceId: string): string;
}

/** Spaces, and processes that move flows between them. */
export async function openMovingFlows(): Promise<MovingFlows> {
  const test = await openSpaces();
  const movers: Mover[] = [];
  return {
    ...test,
    mover(couch = test.couch) {
      const directory = createDirectory({ couch, log: silentLog });
      const moves = createMoves({
        couch,
        directory,
        outbox: { settle: async () => {} } as unknown as Outbox,
        createSpace: (space) => test.spaces.createSpace(space),
        clock: () => new Date(),
        log: silentLog,
      });
      const mover = Object.assign(moves, { directory });
      movers.push(mover);
      return mover;
    },
    databaseOf(spaceId) {
      const isTeam = teams.has(spaceId);
      return isTeam ? spaceDatabase(spaceId, test.prefix) : personalDatabase(spaceId, test.prefix);
    },
    async newTeam(members) {
      const id = await test.newTeam(members);
      teams.add(id);
      return id;
    },
    async stop() {
      for (const mover of movers) {
        mover.close();
        mover.directory.close();
      }
      await test.stop();
    },
  };
}

const teams = new Set<string>();

/** The same for all tests of a file. */
export function useMovingFlows(): MovingFlows {
  let open: MovingFlows | undefined;
  const places = madeIn(beforeAll, async () => {
    open = await openMovingFlows();
    return open;
  });
  afterAll(() => open?.stop());
  return places;
}

/** A revision of a flow, written on top of another one as a browser's replication would. */
export async function pushRevision(
  couch: Couch,
  database: string,
  { id, name, parents = [] }: { id: string; name: string; parents?: string[] },
): Promise<string> {
  const document = flowDoc({ _id: flowDocId(id), name }) as unknown as FlowDocument;
  const [parent] = parents;
  const generation = parent === undefined ? 1 : Number.parseInt(parent, 10) + 1;
  const revision = computeRevision({ ...document }, generation, parent);
  const hashes = [revision, ...parents].map((each) => each.slice(each.indexOf('-') + 1));
  const docs = [{ ...document, _rev: revision, _revisions: { start: generation, ids: hashes } }];
  const rows = await couch.admin<object>(database).bulk({ docs, new_edits: false });
  if (rows.some(({ error }) => error !== undefined)) throw new Error(JSON.stringify(rows));
  return revision;
}

/** A flow with two leaves in conflict, a version and an attachment. */
export async function newFlow(couch: Couch, database: string): Promise<{ id: string; leaves: string[] }> {
  const id = randomUUID();
  const first = await pushRevision(couch, database, { id, name: 'first' });
  const leaf = await pushRevision(couch, database, { id, name: 'leaf', parents: [first] });
  const other = await pushRevision(couch, database, { id, name: 'other', parents: [first] });
  await keepVersion(couch, database, id, 'first');
  return { id, leaves: [leaf, other] };
}

export async function keepVersion(couch: Couch, database: string, id: string, name: string): Promise<void> {
  const version = makeVersion(flowDoc({ _id: flowDocId(id), name }) as unknown as FlowDocument);
  const docs = [{ ...version, _rev: computeRevision({ ...version }) }];
  await couch.admin<object>(database).bulk({ docs, new_edits: false });
}

/** What is alive of a flow in a database. */
export interface Present {
  names: string[];
  versions: number;
  isMoved: boolean;
}

export async function present(couch: Couch, database: string, id: string): Promise<Present> {
  const scope = couch.admin<object>(database);
  const leaves = await readLeaves(scope, flowDocId(id));
  const alive = leaves.filter(({ document }) => document._deleted !== true);
  const versions = await scope.list({ startkey: `version:${id}:`, endkey: `version:${id};` });
  const moved = await scope.list({ startkey: `moved:${id}`, endkey: `moved:${id}` });
  return {
    names: alive.map(({ document }) => String(document.name)).toSorted(),
    versions: versions.rows.length,
    isMoved: moved.rows.length > 0,
  };
}

/** Nothing of the flow, but word that it moved. */
export const gone: Present = { names: [], versions: 0, isMoved: true };
