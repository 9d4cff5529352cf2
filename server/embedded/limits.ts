/** What the engine accepts at most; larger things are refused with 413, or one document with an error entry. */
export interface Limits {
  /** Bytes of a request body, after decompression. */
  requestBytes: number;
  /** Bytes of one document's JSON without its inline attachments. */
  documentBytes: number;
  /** Bytes of one attachment. */
  attachmentBytes: number;
  /** Nesting of a JSON body. */
  depth: number;
  /** Leaves one document may have: merging a revision into its tree costs time for each. */
  leaves: number;
  /** Milliseconds a design function may run for one document. */
  functionMilliseconds: number;
}

export const defaultLimits: Limits = {
  requestBytes: 64 * 1024 * 1024,
  documentBytes: 8 * 1024 * 1024,
  attachmentBytes: 32 * 1024 * 1024,
  depth: 500,
  leaves: 1000,
  functionMilliseconds: 1000,
};
