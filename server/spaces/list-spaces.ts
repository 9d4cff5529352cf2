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
  const readable = await listReadable(directory, userId);
  const listed = await Promise.all(
    readable.map(async (document): Promise<ListedSpace[]> => {
      const role = roleIn(document, userId);
      if (role === null) return [];
      const runs = await listRuns(couch, document, now);
      return [{ space: spaceOf(document, couch.prefix), role, runs }];
    }),
  );
  const isPersonal = ({ space }: ListedSpace): boolean => space.kind === 'personal';
  return listed.flat().toSorted((a, b) => Number(isPersonal(b)) - Number(isPersonal(a)));
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
