import { isMonth, monthOf, type Month } from './database-names.ts';

/** Document ids: a prefix that names the type, and a bare id that REST shows as `id`. */
export const idPrefixes = {
  flow: 'flow:',
  version: 'version:',
  execution: 'execution:',
  run: 'run:',
  runRequest: 'run-request:',
  device: 'device:',
  membership: 'membership:',
  moved: 'moved:',
  asset: 'asset:',
} as const;

export const settingsId = 'settings';

/** Any UUID in lower case, the form in which Settee writes them. */
export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const uuidV7Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function flowDocId(id: string): string {
  return idPrefixes.flow + id;
}

export function executionDocId(id: string): string {
  return idPrefixes.execution + id;
}

export function deviceDocId(id: string): string {
  return idPrefixes.device + id;
}

export function membershipDocId(spaceId: string): string {
  return idPrefixes.membership + spaceId;
}

export function versionDocId(flowId: string, contentHash: string): string {
  return `${idPrefixes.version}${flowId}:${contentHash}`;
}

/** An asset's id: the SHA-256 of its bytes, in lower-case hex. */
export const assetIdPattern = /^asset:[0-9a-f]{64}$/;

export function assetDocId(sha256: string): string {
  return idPrefixes.asset + sha256;
}

/**
 * Ids that may come from elsewhere (imported executions, the flows they name): readable in a URL path as they are.
 * Settee itself writes UUIDs.
 */
export const foreignIdPattern = /^[0-9A-Za-z][0-9A-Za-z._~-]{0,127}$/;

/** A revision as CouchDB and PouchDB write it: generation and hash. */
export const revisionPattern = /^[1-9][0-9]*-[0-9a-f]{32}$/;

/** The part after the type prefix: `flow:<uuid>` → `<uuid>`. */
export function bareId(docId: string): string {
  return docId.slice(docId.indexOf(':') + 1);
}

/** The UTC month in which a UUID v7 was made, or null for any other id (RFC 9562, 5.7: 48 bits of milliseconds). */
export function monthOfUuidV7(id: string): Month | null {
  if (!uuidV7Pattern.test(id)) return null;
  const month = monthOf(new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)));
  return isMonth(month) ? month : null;
}
