import type nano from 'nano';
import { z } from 'zod';
import type { DesignDocument } from '../../design-docs/index.ts';
import { engineStatus, orNull } from './engine-error.ts';

const installedSchema = z.looseObject({
  _rev: z.string(),
  _conflicts: z.array(z.string()).default([]),
  setteeVersion: z.number().default(0),
  views: z.record(z.string(), z.unknown()).default({}),
});
type Installed = z.infer<typeof installedSchema>;

/** `newer`: a later Settee installed it, and it stays. */
export type InstallResult = 'installed' | 'current' | 'newer';

const attempts = 8;

/**
 * Puts a design document unless one of its version, or a later one, is there. Another process may do so at once: on
 * one node it gets a 409, in a cluster both may be stored and an older one may win, so it is looked at afterwards.
 */
export async function installDesignDocument(
  server: nano.ServerScope,
  database: string,
  wanted: DesignDocument,
): Promise<InstallResult> {
  const first = await read(server, database, wanted);
  let found = first;
  for (let attempt = 1; !found || found.setteeVersion < wanted.setteeVersion; attempt++) {
    const error = await put(server, database, { ...wanted, ...(found ? { _rev: found._rev } : {}) });
    if (error === null && !found) return 'installed';
    if (attempt === attempts)
      throw error ?? new Error('The design document keeps being replaced by an older one.');
    found = await read(server, database, wanted);
  }
  await dropConflicts(server, database, wanted, found);
  if (found.setteeVersion > wanted.setteeVersion) return 'newer';
  if (first?._rev === found._rev) return 'current';
  if (first && JSON.stringify(first.views) !== JSON.stringify(found.views))
    await warmViews(server, database, wanted);
  return 'installed';
}

async function read(
  server: nano.ServerScope,
  database: string,
  { _id }: DesignDocument,
): Promise<Installed | null> {
  const found = await orNull(server.use(database).get(_id, { conflicts: true }));
  return found === null ? null : installedSchema.parse(found);
}

/** Null, or the error of a conflict. */
async function put(server: nano.ServerScope, database: string, document: object): Promise<Error | null> {
  try {
    await server.use(database).insert(document);
    return null;
  } catch (error) {
    if (error instanceof Error && engineStatus(error) === 409) return error;
    throw error;
  }
}

/** The losing revisions of a cluster's race serve nobody. */
async function dropConflicts(
  server: nano.ServerScope,
  database: string,
  { _id }: DesignDocument,
  { _conflicts }: Installed,
): Promise<void> {
  for (const _rev of _conflicts) await put(server, database, { _id, _rev, _deleted: true });
}

/** Asking one view builds all of the document's; without it the first user would wait. */
async function warmViews(server: nano.ServerScope, database: string, wanted: DesignDocument): Promise<void> {
  const [view] = Object.keys(wanted.views ?? {});
  if (view === undefined) return;
  const path = `${wanted._id}/_view/${encodeURIComponent(view)}`;
  await server.request({ db: database, path, qs: { limit: 1, reduce: false } });
}
