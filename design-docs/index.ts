import { readFileSync } from 'node:fs';
import type { DesignDocument, DesignKind } from './build.ts';

export { designVersion } from './design-version.ts';
export { designKinds, type DesignDocument, type DesignKind } from './build.ts';

/** The design document of a kind of database, a fresh copy as it was generated. */
export function designDocumentFor(kind: DesignKind): DesignDocument {
  const file = new URL(`./generated/${kind}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as DesignDocument;
}
