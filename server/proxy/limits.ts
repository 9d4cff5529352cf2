import { limits as documentLimits } from '../../schema/index.ts';
import type { BulkDocsLimits } from './bulk-docs-reader.ts';

/** Bounds of what one request may carry; bytes where not said otherwise. */
export interface ProxyLimits extends BulkDocsLimits {
  requestBytes: number;
  /** A single attachment, uploaded by its own request. */
  attachmentUploadBytes: number;
  checkpointBytes: number;
  /** JSON bodies that are questions, not documents. */
  questionBytes: number;
  /** Requests of one user at the same time, feeds included. */
  requestsPerUser: number;
  /** `_bulk_docs` of one user at the same time, as each holds a document in memory; and how many more may wait. */
  bulkWritesPerUser: number;
  bulkWritesWaiting: number;
  /** How long after its token's expiry a feed may last. */
  expiryGraceMilliseconds: number;
}

const megabyte = 1024 * 1024;
const { documentBytes, requestBytes, attachmentBytes } = documentLimits;

export const defaultLimits: ProxyLimits = {
  requestBytes,
  documentBytes,
  // In base64, with what describes it.
  attachmentBytes: Math.ceil((attachmentBytes * 4) / 3) + megabyte,
  attachmentUploadBytes: attachmentBytes,
  checkpointBytes: 64 * 1024,
  questionBytes: 8 * megabyte,
  documents: 100_000,
  depth: 500,
  requestsPerUser: 2000,
  bulkWritesPerUser: 8,
  bulkWritesWaiting: 64,
  expiryGraceMilliseconds: 2000,
};
