import { createHash } from 'node:crypto';
import { designVersion } from './design-version.ts';
import { runsValidator, serverValidator, spaceValidator } from './validators.ts';
import { runsViews } from './views/runs.ts';
import { accountsViews, directoryViews } from './views/server.ts';
import { spaceViews } from './views/space.ts';
import type { View } from './views/view.ts';

/** Which databases have which design document. */
export const designKinds = ['space', 'runs', 'accounts', 'directory', 'server'] as const;
export type DesignKind = (typeof designKinds)[number];

export interface DesignDocument {
  _id: '_design/settee';
  /** Never downgraded: a server leaves a greater one alone. */
  setteeVersion: number;
  generated: string;
  language: 'javascript';
  validate_doc_update: string;
  views?: Record<string, View>;
}

const parts: Record<DesignKind, () => Pick<DesignDocument, 'validate_doc_update' | 'views'>> = {
  space: () => ({ validate_doc_update: spaceValidator(), views: spaceViews }),
  runs: () => ({ validate_doc_update: runsValidator(), views: runsViews }),
  accounts: () => ({ validate_doc_update: serverValidator(), views: accountsViews }),
  directory: () => ({ validate_doc_update: serverValidator(), views: directoryViews }),
  server: () => ({ validate_doc_update: serverValidator() }),
};

/** Builds a design document from the schemas; what `npm run generate` writes into `generated/`. */
export function buildDesignDocument(kind: DesignKind): DesignDocument {
  return {
    _id: '_design/settee',
    setteeVersion: designVersion.version,
    generated: 'Written by npm run generate from schema/ and design-docs/; do not edit',
    language: 'javascript',
    ...parts[kind](),
  };
}

/** A hash over everything that the databases run, whatever its version number. */
export function hashDesignDocuments(): string {
  const content = designKinds.map((kind) => parts[kind]());
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
}
