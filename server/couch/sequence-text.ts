/** Sequences are text on CouchDB and numbers on the embedded engine; text serves both. */
export function sequenceText(sequence: unknown): string {
  return typeof sequence === 'string' ? sequence : JSON.stringify(sequence);
}
