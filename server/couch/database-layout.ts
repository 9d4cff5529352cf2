import type { DesignDocument } from '../../design-docs/index.ts';
import { designDocumentFor } from '../../design-docs/index.ts';
import { parseDatabaseName } from '../../schema/index.ts';
import type { DatabaseKind } from './couch.ts';

/** What a database is, by its name alone. */
export interface DatabaseLayout {
  kind: DatabaseKind;
  /** Set for the databases of a space. */
  spaceId?: string;
}

/** Null for names that are not Settee's, or of another prefix. */
export function layoutOf(database: string, prefix: string): DatabaseLayout | null {
  const parsed = parseDatabaseName(database, prefix);
  if (!parsed) return null;
  if (parsed.kind === 'server') {
    return { kind: parsed.name === 'accounts' || parsed.name === 'directory' ? parsed.name : 'server' };
  }
  const spaceId = parsed.kind === 'personal' ? parsed.userId : parsed.spaceId;
  return { kind: parsed.month === undefined ? 'space' : 'runs', spaceId };
}

/** The design document that a kind of database should have, or null where it has none. */
export type DesignDocuments = (kind: DatabaseKind) => DesignDocument | null;

export const shippedDesignDocuments: DesignDocuments = designDocumentFor;
