import { parseDatabaseName } from '../../schema/index.ts';
import type { Couch } from '../couch/couch.ts';
import type { Directory } from './directory.ts';
import { listReadable } from './list-memberships.ts';
import { roleIn } from './membership.ts';
import { monthState } from './months.ts';
import { listRunsDatabases } from './remove-space.ts';
import { monthsOf, spaceOf, type SpaceDocument } from './space-document.ts';
import type { ListedSpace } from './spaces.ts';

/** The spaces of a user with their months, the personal one first. */
export async function listSpaces(
  { couch, directory, now }: { couch: Couch; directory: Directory; now: Date },
  userId: string,
): Promise<ListedSpace[]> {
  const listed: ListedSpace[] = [];
  for (const document of await listReadable(directory, userId)) {
    const role = roleIn(document, userId);
    if (role === null) continue;
    const space = spaceOf(document, couch.prefix);
    const entry = { space, role, runs: await listRuns(couch, document, now) };
    if (space.kind === 'personal') listed.unshift(entry);
    else listed.push(entry);
  }
  return listed;
}

async function listRuns(couch: Couch, document: SpaceDocument, now: Date): Promise<ListedSpace['runs']> {
  const runs: ListedSpace['runs'] = [];
  const window = monthsOf(document);
  for (const database of await listRunsDatabases(couch, spaceOf(document, couch.prefix).database)) {
    const parsed = parseDatabaseName(database, couch.prefix);
    if (!parsed || parsed.kind === 'server' || parsed.month === undefined) continue;
    if (monthState(window, parsed.month, now) !== 'gone') runs.push({ month: parsed.month, database });
  }
  return runs;
}
