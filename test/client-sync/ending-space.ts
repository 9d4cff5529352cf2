import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach } from 'vitest';
import { platformEnvironment } from '../../client-sync/environment.ts';
import { openSpace } from '../../client-sync/local/open-space.ts';
import { putRevision } from '../../client-sync/local/local-documents.ts';
import { noteOwn } from '../../client-sync/local/own-revisions.ts';
import { keepVersion } from '../../client-sync/local/version-store.ts';
import { createPouchOpener, type PouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import { openWorkspace } from '../../client-sync/spaces/open-workspace.ts';
import type { SpaceWorkspace, Workspace } from '../../client-sync/workspace.ts';
import { computeRevision } from '../../flow/revision.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { createFaults, type Faults } from './faulty-memory.ts';
import { madeIn } from '../support/use-settee.ts';

export const graph = { nodes: [], edges: [] };
export const month = '2026-11';
export const spaceId = 'a'.repeat(20);
const runId = '019aa2b0-0000-7000-8000-000000000001';
export const iso = (): string => '2026-11-21T12:00:00.000Z';

/* Without a server: the membership documents are written as the pull would write them. */

export async function grant(
  workspace: Workspace,
  grantName: string,
  role = 'editor',
): Promise<SpaceWorkspace> {
  const { main } = workspace.personal.space;
  const _id = `membership:${spaceId}`;
  const { rows } = await main.allDocs({ keys: [_id] });
  const [row] = rows;
  await main.put({
    _id,
    ...(row?.value && row.value.deleted !== true ? { _rev: row.value.rev } : {}),
    type: 'membership',
    schemaVersion: 1,
    spaceId,
    kind: 'team',
    name: 'Team',
    role,
    database: `space-${spaceId}`,
    grant: grantName,
    since: iso(),
  });
  await workspace.settle();
  return workspace.get(spaceId) as SpaceWorkspace;
}

export async function revoke({ personal: { space }, settle }: Workspace, code = 'membership_ended') {
  const { _rev } = await space.main.get(`membership:${spaceId}`);
  await space.main.put({
    _id: `membership:${spaceId}`,
    ...(_rev === undefined ? {} : { _rev }),
    _deleted: true,
    type: 'membership',
    code,
  });
  await settle();
}

export async function copies({ personal }: Workspace): Promise<FlowDocument[]> {
  const { rows } = await personal.space.main.allDocs({
    startkey: 'flow:',
    endkey: 'flow:\uffff',
    include_docs: true,
  });
  return rows.flatMap(({ doc }) => (doc ? [doc as unknown as FlowDocument] : []));
}

export async function runsOf({ personal }: Workspace) {
  const db = await personal.space.runs(month);
  const { rows } = await db.allDocs({
    startkey: 'execution:',
    endkey: 'execution:\uffff',
    include_docs: true,
  });
  return rows.map(({ doc }) => doc);
}

/** A flow with a version and a run, none of it pushed. */
export async function work(team: SpaceWorkspace) {
  const flow = await team.flows.save({ name: 'Mine', flow: graph, tags: ['kept'] });
  await keepVersion(team.space.main, (await team.flows.read(flow.id)) as FlowDocument);
  const runs = await team.space.runs(month);
  const { rev } = await runs.put({
    _id: `execution:${runId}`,
    type: 'execution',
    flowId: flow.id,
    status: 'completed',
  });
  await noteOwn(runs, `execution:${runId}`, rev);
  return flow;
}

/** As a pull stores it. */
export async function pulled(team: SpaceWorkspace, flowName: string) {
  const doc = { _id: `flow:${randomUUID()}`, type: 'flow', schemaVersion: 1, name: flowName, flow: graph };
  await putRevision(team.space.main, doc, computeRevision(doc));
  return doc._id.slice('flow:'.length);
}

export interface Device {
  faults: Faults;
  open: () => Promise<Workspace>;
  /** What is opened from now on has nothing yet. */
  forget: () => void;
  /** Loses the personal space, as where the browser removed it. */
  losePersonal: () => Promise<void>;
}

/** A device with databases in memory; new, and closed, for each test. */
export function useDevice(): Device {
  const faults = madeIn(beforeEach, () => Promise.resolve(createFaults()));
  const opened: Workspace[] = [];
  let opener: PouchOpener;
  let name: string;
  const forget = (): void => {
    name = `rescue-${randomUUID()}`;
  };
  beforeEach(async () => {
    opener = await createPouchOpener(faults.adapter);
    forget();
  });
  afterEach(async () => {
    faults.onWrite(null);
    await Promise.all(opened.splice(0).map((workspace) => workspace.close().catch(() => {})));
  });
  return {
    faults,
    forget,
    async open() {
      const space = await openSpace(opener, name, 'ada');
      const environment = { ...platformEnvironment(), locks: null };
      const workspace = await openWorkspace({ opener, space, database: () => null, environment, iso });
      opened.push(workspace);
      await workspace.settle();
      return workspace;
    },
    losePersonal: () => opener.openLocal(name).destroy(),
  };
}
