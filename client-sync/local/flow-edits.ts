import { canonicalJson } from '../../flow/canonical-json.ts';
import { cleanFlowInput, flowContent } from '../../flow/flow.ts';
import type { FlowContent, FlowDocument } from '../../schema/index.ts';
import { limits } from '../../schema/field-rules.ts';
import { SetteeClientError } from '../errors.ts';
import type { FlowChange } from '../flow-types.ts';

type Fields = Record<string, unknown>;

/** Written with every change, and never a change by themselves. */
const stamps = new Set(['updatedAt', 'lastModifiedOnDevice', 'lastAccessedAt', 'userAgent']);

/** The fields that a change sets, and those that it clears by null. */
export interface FieldEdits {
  set: Fields;
  cleared: string[];
}

export function editsOf(change: Omit<FlowChange, 'id' | 'revision'>): FieldEdits {
  const cleared = Object.keys(change).filter((key) => (change as Fields)[key] === null);
  return { set: cleanFlowInput(change), cleared };
}

export function applyEdits(doc: FlowDocument, edits: FieldEdits): FlowDocument {
  const next: Fields = { ...doc, ...edits.set };
  for (const field of edits.cleared) delete next[field];
  return next as FlowDocument;
}

function differs(a: unknown, b: unknown): boolean {
  if (a === b) return false;
  if (a === undefined || b === undefined) return true;
  return canonicalJson(a) !== canonicalJson(b);
}

/** The names of the fields in which two documents differ, stamps aside. */
export function changedFields(a: FlowDocument, b: FlowDocument): Set<string> {
  const left = flowContent(a) as Fields;
  const right = flowContent(b) as Fields;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return new Set([...names].filter((name) => !stamps.has(name) && differs(left[name], right[name])));
}

/** Only the edits of these fields. */
export function pickEdits(edits: FieldEdits, fields: ReadonlySet<string>): FieldEdits {
  return {
    set: Object.fromEntries(Object.entries(edits.set).filter(([name]) => fields.has(name))),
    cleared: edits.cleared.filter((name) => fields.has(name)),
  };
}

/** Refuses early what the server's validator would refuse after a sync; the rest of the rules are the server's. */
export function assertFlow(content: Partial<FlowContent>): void {
  const { name, flow } = content;
  if (typeof name !== 'string' || name.trim() === '' || name.length > limits.name) {
    throw new SetteeClientError('invalid_input', `A flow needs a name of 1 to ${limits.name} characters.`);
  }
  const isGraph = typeof flow === 'object' && flow !== null;
  if (!isGraph || !Array.isArray(flow.nodes) || !Array.isArray(flow.edges)) {
    throw new SetteeClientError('invalid_input', 'A flow needs a graph with nodes and edges.');
  }
}
