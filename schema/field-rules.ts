/**
 * Who may write what, beyond shapes and roles: the one table that the validators, `cleanFlowInput` and the REST
 * layer read.
 */

/** Ids that only the server writes. The rule is decided from `_id` alone, since replication can forge history. */
export const serverOnlyPrefixes = ['run:', 'membership:', 'moved:'] as const;

/**
 * Top-level fields that only the server writes. Every other unknown field may be written by anybody who may write the
 * document, so that applications keep fields of their own and newer clients can add some; ownership and origin are
 * facts the server keeps elsewhere and must not be claimed inside a document.
 */
export const serverOnlyFields = ['settee', 'ownerId', 'spaceId', 'movedFrom'] as const;

/** Filled in from views on reading. What a document or an import says here is ignored, never trusted, never refused. */
export const computedFlowFields = [
  'executionCount',
  'successRate',
  'avgExecutionTime',
  'lastExecutedAt',
] as const;

/** What only REST answers carry; dropped when a flow is written. */
export const replyOnlyFlowFields = ['id', 'revision', 'syncedToCloud', 'type', 'schemaVersion'] as const;

/** What an automatic merge writes beside the content, and an ordinary edit drops: see `mergeFields`. */
export const mergeMarks = ['mergeVersion', 'mergedFrom'] as const;

/** What a tombstone may carry. Anything more would be a document nobody sees. */
export const tombstoneFields = [
  '_id',
  '_rev',
  '_revisions',
  '_deleted',
  'type',
  'schemaVersion',
  'deletedAt',
  'resolvedInto',
] as const;

/** Sizes, in UTF-16 units for text and entries for lists, unless a name says bytes. */
export const limits = {
  /**
   * Kept by the proxy; a validator would have to serialise to know. CouchDB's own default: an engine must take what
   * the proxy lets through, since CouchDB refuses the whole `_bulk_docs` for one document that is too large.
   */
  documentBytes: 8_000_000,
  requestBytes: 64 * 1024 * 1024,
  attachmentBytes: 32 * 1024 * 1024,
  name: 255,
  category: 100,
  tag: 100,
  tags: 100,
  description: 20_000,
  shortText: 1_000,
  longText: 1_000_000,
  thumbnail: 2_000_000,
  contributors: 1_000,
  versionHistory: 2_000,
  nodes: 10_000,
  edges: 50_000,
  graphId: 2_000,
  results: 20_000,
  resultOutput: 4_000_000,
  lines: 100_000,
  mergedFrom: 200,
  settingsSpaces: 10_000,
} as const;
