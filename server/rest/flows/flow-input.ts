import { cleanFlowInput } from '../../../flow/index.ts';
import {
  flowDocId,
  schemaVersion,
  type CreateFlowBody,
  type FlowContent,
  type FlowDocument,
  type UpdateFlowBody,
} from '../../../schema/index.ts';
import { without } from '../store/without.ts';

/** What callers cannot set by writing the flow: DELETE and restore decide the first three, the server the times. */
const notWritable: readonly string[] = [
  'deleted',
  'deletedAt',
  'deletedBy',
  'createdAt',
  'updatedAt',
  'metadata',
  'conflicts',
  'base',
  'outcome',
  'teamId',
];

const notClearable: readonly string[] = [...notWritable, 'type', 'schemaVersion', 'name', 'version', 'flow'];

type FlowBody = CreateFlowBody | UpdateFlowBody;

function fieldsOf(body: FlowBody): Partial<FlowContent> {
  const { createdOnDevice, lastModifiedOnDevice, userAgent } = body.metadata ?? {};
  const metadata = cleanFlowInput({ createdOnDevice, lastModifiedOnDevice, userAgent });
  return { ...cleanFlowInput(without(body, notWritable)), ...metadata };
}

/** The fields that the body sets to null and that a flow can do without. */
function clearedBy(body: FlowBody): string[] {
  return Object.entries(body).flatMap(([key, value]) =>
    value === null && !key.startsWith('_') && !notClearable.includes(key) ? [key] : [],
  );
}

/** A new flow's document; only a flow that was made elsewhere brings its own `createdAt`. */
export function newFlow(
  id: string,
  body: FlowBody & { name: string; flow: FlowContent['flow'] },
  now: Date,
): FlowDocument {
  const time = now.toISOString();
  return {
    version: '1.0.0',
    ...(fieldsOf(body) as Pick<FlowContent, 'name' | 'flow'>),
    createdAt: body.createdAt ?? time,
    updatedAt: time,
    _id: flowDocId(id),
    type: 'flow',
    schemaVersion,
  };
}

/** The flow with the body's fields in place of its own; null clears a field, what the body does not name stays. */
export function changedFlow(current: FlowDocument, body: UpdateFlowBody, now: Date): FlowDocument {
  const { createdOnDevice, ...fields } = fieldsOf(body);
  return {
    ...(without(current, clearedBy(body)) as FlowDocument),
    ...fields,
    ...(current.createdOnDevice === undefined && createdOnDevice !== undefined ? { createdOnDevice } : {}),
    updatedAt: now.toISOString(),
  };
}
