import { runsDatabase } from '../../schema/index.ts';
import type { Couch } from '../couch/couch.ts';
import type { Log } from '../log.ts';
import type { Directory } from './directory.ts';
import { databaseOf, spaceIdOf, type SpaceDocument } from './space-document.ts';

/** The databases of a space's runs, oldest month first. */
export function listRunsDatabases(couch: Couch, database: string): Promise<string[]> {
  return couch.databases({
    startKey: runsDatabase(database, '0000-00'),
    endKey: runsDatabase(database, '9999-99'),
  });
}

/**
 * Deletes a space: it is closed to everybody first, then its months, its own database and last its entry go, so that
 * a removal cut short anywhere is found in the directory and done again.
 */
export async function removeSpace(couch: Couch, directory: Directory, spaceId: string): Promise<void> {
  const space = await directory.update(spaceId, (current) =>
    current && !current.removing ? { ...current, members: {}, removing: true } : null,
  );
  if (!space) return;
  const database = databaseOf(space, couch.prefix);
  for (const runs of await listRunsDatabases(couch, database)) await couch.deleteDatabase(runs);
  await couch.deleteDatabase(database);
  await directory.remove(spaceId);
}

/** Does again what a crash cut short; one that fails is logged and does not stop the others. */
export async function finishRemovals(couch: Couch, directory: Directory, log: Log): Promise<void> {
  const interrupted: SpaceDocument[] = [];
  for await (const space of directory.all()) if (space.removing) interrupted.push(space);
  for (const space of interrupted) {
    await removeSpace(couch, directory, spaceIdOf(space)).catch((error: unknown) => {
      log.error({ err: error, space: spaceIdOf(space) }, 'a space could not be removed; tried again later');
    });
  }
}
