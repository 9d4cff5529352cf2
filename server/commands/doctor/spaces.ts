import { z } from 'zod';
import { parseDatabaseName, serverDatabaseName } from '../../../schema/index.ts';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { listDatabases } from '../../couch/list-databases.ts';
import { isTold } from '../../spaces/membership-events.ts';
import { ownersOf } from '../../spaces/membership.ts';
import {
  databaseOf,
  spaceDocumentSchema,
  spaceIdIn,
  type SpaceDocument,
} from '../../spaces/space-document.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

const pageSize = 500;
const rowsSchema = z.object({ rows: z.array(z.object({ id: z.string(), doc: z.unknown() })) });

interface SpaceFaults {
  unreadable: string[];
  /** The directory names a space whose database is not there. */
  missing: string[];
  ownerless: string[];
  /** Members whose browsers were not told yet; normal for a moment. */
  owing: string[];
  /** Databases of spaces that the directory does not know. */
  unknown: string[];
}

/** Holds the directory against the databases: which spaces lack theirs, or an owner, and which databases are nobody's. */
export async function checkSpaces(http: EngineHttp, prefix: string): Promise<Finding[]> {
  const names = new Set(await listDatabases(http, prefix));
  if (!names.has(serverDatabaseName('directory', prefix))) return [];
  const faults: SpaceFaults = { unreadable: [], missing: [], ownerless: [], owing: [], unknown: [] };
  const known = new Set<string>();
  let count = 0;
  for await (const { id, doc } of readEntries(http, prefix)) {
    count += 1;
    known.add(id.slice('space:'.length));
    const space = spaceDocumentSchema.safeParse(doc).data;
    if (!space) faults.unreadable.push(id);
    else examine(space, { names, prefix, faults });
  }
  for (const name of names) {
    const parsed = parseDatabaseName(name, prefix);
    const spaceId = parsed && spaceIdIn(parsed);
    if (spaceId !== null && !known.has(spaceId)) faults.unknown.push(name);
  }
  return describe(faults, count);
}

async function* readEntries(http: EngineHttp, prefix: string): AsyncGenerator<{ id: string; doc: unknown }> {
  const path = `/${encodeURIComponent(serverDatabaseName('directory', prefix))}/_all_docs`;
  for (let start = 'space:'; ;) {
    const query = new URLSearchParams({
      include_docs: 'true',
      startkey: JSON.stringify(start),
      endkey: JSON.stringify('space:\ufff0'),
      limit: String(pageSize),
    });
    const answer = await http.request(`${path}?${query.toString()}`);
    const { rows } = rowsSchema.parse(answer.body);
    for (const { id, doc } of rows) yield { id, doc };
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    start = `${last.id}\u0000`;
  }
}

function examine(
  space: SpaceDocument,
  { names, prefix, faults }: { names: ReadonlySet<string>; prefix: string; faults: SpaceFaults },
): void {
  if (space.removing || space.making) {
    faults.owing.push(space._id);
    return;
  }
  if (!names.has(databaseOf(space, prefix))) faults.missing.push(space._id);
  if (isTold(space) && ownersOf(space).length === 0) faults.ownerless.push(space._id);
  if ((space.outbox?.length ?? 0) > 0) faults.owing.push(space._id);
}

function some(names: string[]): string {
  const rest = names.length - 3;
  return names.slice(0, 3).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function describe({ unreadable, missing, ownerless, owing, unknown }: SpaceFaults, count: number): Finding[] {
  const findings: Finding[] = [];
  if (unreadable.length > 0) {
    const mend = 'Look at them in Fauxton, in the database settee-directory; nobody can open these spaces.';
    findings.push(problem('spaces.entries', `Cannot be understood: ${some(unreadable)}.`, mend));
  }
  if (missing.length > 0) {
    const mend = 'Restore them from a backup; nobody can open these spaces.';
    findings.push(problem('spaces.databases', `Spaces without their database: ${some(missing)}.`, mend));
  }
  if (ownerless.length > 0) {
    const mend = 'Make a member the owner in Fauxton: in settee-directory, under `members`.';
    findings.push(problem('spaces.owners', `Spaces without an owner: ${some(ownerless)}.`, mend));
  }
  if (unknown.length > 0) {
    const mend =
      'What a restore or a removal left? Restore the directory from a backup, or delete them in Fauxton.';
    findings.push(warning('spaces.unknown', `Databases of no space: ${some(unknown)}.`, mend));
  }
  if (owing.length > 0) {
    const mend = 'A running Settee finishes this within a minute; if it stays, its log says why.';
    findings.push(warning('spaces.unfinished', `Changes under way: ${some(owing)}.`, mend));
  }
  return findings.length > 0 ? findings : [ok('spaces', `The directory knows ${count} spaces, all whole.`)];
}
