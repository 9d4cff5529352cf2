import type nano from 'nano';
import { securityFor, isSecured } from './database-security.ts';
import type { DatabaseLayout, DesignDocuments } from './database-layout.ts';
import { engineStatus } from './engine-error.ts';
import { installDesignDocument, type InstallResult } from './install-design-document.ts';
import { retry } from './retry.ts';

/** Bodies of older revisions go at compaction; this many revision numbers stay for conflicts to meet. */
const revisionsLimit = 200;

/** Makes a database, or completes one that a crash left half-made. */
export async function createDatabase(
  server: nano.ServerScope,
  database: string,
  layout: DatabaseLayout,
  designDocuments: DesignDocuments,
): Promise<'created' | 'exists'> {
  const created = await putDatabase(server, database);
  // In a cluster the other nodes may hear of a new database a moment later.
  await retry(() => completeDatabase(server, database, layout, designDocuments), {
    attempts: created ? 6 : 1,
    isWorthIt: (error) => [404, 500, 503].includes(engineStatus(error) ?? 0),
  });
  return created ? 'created' : 'exists';
}

async function putDatabase(server: nano.ServerScope, database: string): Promise<boolean> {
  try {
    await server.db.create(database, { q: 1 });
    return true;
  } catch (error) {
    if (engineStatus(error) === 412) return false;
    throw error;
  }
}

/**
 * Gives a database its security, limit and design document where they are missing or old. Until then CouchDB lets
 * only administrators in, so a half-made database is closed.
 */
export async function completeDatabase(
  server: nano.ServerScope,
  database: string,
  layout: DatabaseLayout,
  designDocuments: DesignDocuments,
): Promise<InstallResult> {
  // The validator comes before the members do.
  const designDocument = designDocuments(layout.kind);
  const result = designDocument ? await installDesignDocument(server, database, designDocument) : 'current';
  const security = securityFor(layout.kind, layout.spaceId);
  const current: unknown = await server.request({ db: database, path: '_security' });
  if (isSecured(current, security)) return result;
  await server.request({ db: database, path: '_revs_limit', method: 'PUT', body: revisionsLimit });
  await server.request({ db: database, path: '_security', method: 'PUT', body: security });
  return 'installed';
}
