import { SetteeError } from '../errors.ts';
import type { Couch } from '../couch/couch.ts';
import type { Directory } from './directory.ts';
import { assertOwner } from './member-changes.ts';
import { roleIn } from './membership.ts';
import { listRunsDatabases } from './remove-space.ts';
import { required, requireSpace } from './require-space.ts';
import { spaceIdOf, spaceOf, type SpaceDocument } from './space-document.ts';
import type { Spaces } from './spaces.ts';

/**
 * Everything in a space for one of its owners, one JSON object a line. Throws SetteeError `not_found` or `forbidden`
 * before the first line; breaks off where the owner stops being one.
 */
export type ExportSpace = (
  spaceId: string,
  options: { by: string; signal: AbortSignal },
) => Promise<AsyncGenerator<string>>;

export interface ExportServices {
  couch: Couch;
  directory: Directory;
  clock: () => Date;
  onRevoked: Spaces['onRevoked'];
}

const formatVersion = 1;

export function createExportSpace(services: ExportServices): ExportSpace {
  return async (spaceId, { by, signal }) => {
    const document = await requireSpace(services.directory, spaceId);
    // Templates are readable for everybody already, and nobody's to take away.
    if (document.kind === 'templates') throw new SetteeError('forbidden', 'The server keeps this space.');
    assertOwner(document, by);
    return exportLines(services, document, { by, signal });
  };
}

async function* exportLines(
  { couch, directory, clock, onRevoked }: ExportServices,
  document: SpaceDocument,
  { by, signal }: { by: string; signal: AbortSignal },
): AsyncGenerator<string> {
  const { id, kind, name, database } = spaceOf(document, couch.prefix);
  const revoked = new AbortController();
  const stop = onRevoked((revocation) => {
    if (revocation.spaceId === id && revocation.userId === by) revoked.abort(new Error('The role ended.'));
  });
  try {
    // Between the first look and listening it may have ended.
    assertOwner(required(await directory.get(spaceIdOf(document))), by);
    const createdAt = clock().toISOString();
    const space = { id, kind, name, role: roleIn(document, by) };
    yield line({ line: 'header', format: 'settee-export', version: formatVersion, createdAt, space });
    let leaves = 0;
    for (const each of [database, ...(await listRunsDatabases(couch, database))]) {
      yield line({ line: 'database', name: each.slice(couch.prefix.length) });
      const bounds = AbortSignal.any([signal, revoked.signal]);
      const onUnreadable = ({ id: documentId, rev }: { id: string; rev: string }): never => {
        throw new Error(`${documentId} ${rev} cannot be read`);
      };
      for await (const doc of couch.readLeaves({ database: each, signal: bounds, wants, onUnreadable })) {
        bounds.throwIfAborted();
        yield line({ line: 'leaf', doc });
        leaves += 1;
      }
    }
    yield line({ line: 'footer', leaves });
  } finally {
    stop();
  }
}

/** Memberships are of this server alone. */
function wants(documentId: string): boolean {
  return !documentId.startsWith('membership:');
}

function line(content: object): string {
  return `${JSON.stringify(content)}\n`;
}
