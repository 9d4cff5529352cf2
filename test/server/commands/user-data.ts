import { canonicalJson, computeRevision, makeVersion } from '../../../flow/index.ts';
import { createEngineHttp } from '../../../server/couch/engine-http.ts';
import { readLeaves } from '../../../server/couch/read-leaves.ts';
import { makeFlowDocuments } from '../../support/flows.ts';

interface Revisions {
  start: number;
  ids: string[];
}

/** What a leaf is, apart from how an engine or PouchDB writes its answer. */
export interface ComparableLeaf {
  id: string;
  rev: string;
  isDeleted: boolean;
  /** Canonical JSON of the fields that people wrote. */
  content: string;
  attachments: Record<string, { type: unknown; data: unknown }>;
  ancestry: string[];
}

interface LeafLike {
  _id: string;
  _rev: string;
  _deleted?: boolean | undefined;
  _revisions: Revisions;
  _attachments?: Record<string, { content_type?: unknown; data?: unknown }> | undefined;
}

function comparable(doc: LeafLike): ComparableLeaf {
  const fields = Object.entries(doc).filter(([key]) => !key.startsWith('_'));
  const attachments = Object.entries(doc._attachments ?? {}).map(
    ([name, { content_type, data }]) => [name, { type: content_type, data }] as const,
  );
  return {
    id: doc._id,
    rev: doc._rev,
    isDeleted: doc._deleted === true,
    content: canonicalJson(Object.fromEntries(fields)),
    attachments: Object.fromEntries(attachments),
    ancestry: doc._revisions.ids,
  };
}

function inOrder(leaves: ComparableLeaf[]): ComparableLeaf[] {
  const name = ({ id, rev }: ComparableLeaf): string => `${id} ${rev}`;
  return leaves.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
}

/** Every leaf that the engine holds, without design documents. */
export async function leavesInEngine(engineUrl: string, database: string): Promise<ComparableLeaf[]> {
  const leaves: ComparableLeaf[] = [];
  const http = createEngineHttp(engineUrl);
  const onUnreadable = ({ id }: { id: string }): never => {
    throw new Error(`${id} cannot be read`);
  };
  const { signal } = new AbortController();
  for await (const doc of readLeaves({ http, database, signal, onUnreadable })) leaves.push(comparable(doc));
  return inOrder(leaves);
}

/** Every leaf that a PouchDB holds, without design documents. */
export async function leavesInPouch(pouch: PouchDB.Database): Promise<ComparableLeaf[]> {
  const { results } = await pouch.changes({ style: 'all_docs' });
  const docs = results
    .filter(({ id }) => !id.startsWith('_design/'))
    .flatMap(({ id, changes }) => changes.map(({ rev }) => ({ id, rev })));
  const found = await pouch.bulkGet({ docs, revs: true, attachments: true });
  const leaves = found.results.flatMap((result) =>
    result.docs.flatMap((entry) => ('ok' in entry ? [comparable(entry.ok as unknown as LeafLike)] : [])),
  );
  return inOrder(leaves);
}

type Writable = Record<string, unknown> & { _id: string };

async function writeAll(
  engineUrl: string,
  database: string,
  docs: object[],
  newEdits: boolean,
): Promise<void> {
  const http = createEngineHttp(engineUrl);
  for (let start = 0; start < docs.length; start += 100) {
    const body = { docs: docs.slice(start, start + 100), new_edits: newEdits };
    const answer = await http.request(`/${database}/_bulk_docs`, {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(60_000),
    });
    const refused = (answer.body as { error?: string }[]).filter(({ error }) => error !== undefined);
    if (answer.status !== 201 || refused.length > 0)
      throw new Error(JSON.stringify(refused[0] ?? answer.body));
  }
}

/** A document's revisions: `generations` hashes, newest first, with `branch` in those after the first. */
function history(id: string, generations: number, branch: string): Revisions {
  const first = computeRevision({ _id: id }, 1).slice(2);
  const later = Array.from({ length: generations - 1 }, (_, n) =>
    computeRevision({ _id: `${id} ${branch} ${n}` }, 1).slice(2),
  );
  return { start: generations, ids: [...later, first] };
}

function at(doc: Writable, revisions: Revisions): object {
  return { ...doc, _rev: `${revisions.start}-${revisions.ids[0]}`, _revisions: revisions };
}

/**
 * Fills a space as people and devices do: flows with histories, versions, attachments, conflicts, conflicts with a
 * deletion, and deleted flows. Answers how many documents it wrote.
 */
export async function fillSpace(options: {
  engineUrl: string;
  database: string;
  flows: number;
  versions: number;
  seed?: number;
}): Promise<number> {
  const { engineUrl, database } = options;
  const flows = makeFlowDocuments({ seed: options.seed ?? 7, count: options.flows, size: 1200 });
  const docs = flows.flatMap((flow, n): object[] => {
    const branch = (name: string, generations: number, changes: object = {}): object =>
      at({ ...flow, name: `${flow.name} ${name}`, ...changes }, history(flow._id, generations, name));
    const gone = (name: string, generations: number): object =>
      at(
        { _id: flow._id, _deleted: true, type: 'flow', schemaVersion: 1 },
        history(flow._id, generations, name),
      );
    if (n % 25 === 0) return [branch('left', 3), branch('right', 2), branch('other', 5)];
    if (n % 25 === 1) return [branch('kept', 2), gone('gone', 3)];
    if (n % 25 === 2) return [gone('gone', 4)];
    if (n % 25 === 3) return [branch('shown', 2, { _attachments: attachmentsFor(n) })];
    return [branch('plain', 1 + (n % 4))];
  });
  await writeAll(engineUrl, database, docs, false);
  const versions = flows.slice(0, options.versions).map((flow) => {
    const version = makeVersion(flow);
    return { ...version, _rev: computeRevision(version) };
  });
  const withAncestry = versions.map((doc) => ({
    ...doc,
    _revisions: { start: 1, ids: [doc._rev.slice(2)] },
  }));
  await writeAll(engineUrl, database, withAncestry, false);
  return flows.length + versions.length;
}

function attachmentsFor(n: number): object {
  const picture = Buffer.from(Array.from({ length: 3000 + n }, (_, byte) => (byte * 31 + n) % 256));
  return {
    'picture.png': { content_type: 'image/png', data: picture.toString('base64') },
    'notes ü.txt': {
      content_type: 'text/plain',
      data: Buffer.from(`Notes of ${n}. `.repeat(200)).toString('base64'),
    },
  };
}
