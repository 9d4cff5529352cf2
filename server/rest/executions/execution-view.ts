import { bareId, mergeMarks, type Execution, type ExecutionDocument } from '../../../schema/index.ts';
import type { Stored } from '../store/document-store.ts';
import { without } from '../store/without.ts';

/** A run as REST answers it: a bare id and its revision. */
export function showExecution(document: ExecutionDocument & Stored): Execution {
  const fields = Object.entries(without(document, ['type', 'schemaVersion', ...mergeMarks]));
  const shown = Object.fromEntries(fields.filter(([key]) => !key.startsWith('_')));
  return { ...(shown as ExecutionDocument), id: bareId(document._id), revision: document._rev };
}
