import { v7 as uuidV7 } from 'uuid';
import type { z } from 'zod';
import {
  createExecutionBodySchema,
  executionDocId,
  executionDocumentSchema,
  flowDocId,
  idPrefixes,
  monthOf,
  monthOfUuidV7,
  schemaVersion,
  serverOnlyFields,
  uuidPattern,
  type CompleteExecutionBody,
  type ExecutionDocument,
  type FlowDocument,
} from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import type { CheckPrecondition } from '../http-conditions.ts';
import { changeDocument } from '../store/change-document.ts';
import type { Stored } from '../store/document-store.ts';
import { assertWrites } from '../store/space-rights.ts';
import { without } from '../store/without.ts';
import type { UserSpace } from '../store/user-space.ts';
import { findExecution, readExecution } from './find-execution.ts';

/** The body of `POST /api/executions`; `startedAt` tells when an imported run was made. */
export const startExecutionBodySchema = createExecutionBodySchema.extend({
  startedAt: executionDocumentSchema.shape.startedAt
    .optional()
    .describe('Now where it is left out. A run whose id is no UUID v7 is kept in this month.'),
});
export type StartExecutionBody = z.infer<typeof startExecutionBodySchema>;

type StoredExecution = ExecutionDocument & Stored;

/** What the server says of a new run, and what only its end can tell. */
const notWritable = new Set<string>([
  ...serverOnlyFields,
  'id',
  'revision',
  'type',
  'schemaVersion',
  'metadata',
  'metrics',
  'deleted',
  'deletedAt',
  'deletedBy',
  'triggeredBy',
]);

/** The body's fields that may enter the document; null is as if it were not there. */
function fieldsOf(body: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(body).filter(
      ([key, value]) =>
        !key.startsWith('_') && !notWritable.has(key) && value !== null && value !== undefined,
    ),
  );
}

async function flowOf(space: UserSpace, flowId: string): Promise<FlowDocument | null> {
  return uuidPattern.test(flowId) ? space.documents.get<FlowDocument>(flowDocId(flowId)) : null;
}

/** Records that a run has started. Throws `conflict` where its id is taken. */
export async function startExecution(
  space: UserSpace,
  body: StartExecutionBody,
  { now, flowIn = space }: { now: Date; flowIn?: UserSpace | null },
): Promise<StoredExecution> {
  const startedAt = body.startedAt ?? now.toISOString();
  const id = body.id ?? uuidV7({ msecs: Date.parse(startedAt) });
  if (body.id !== undefined && (await findExecution([space], id)) !== null) throw taken();
  const flow = await flowOf(flowIn ?? space, body.flowId);
  const document: ExecutionDocument = {
    results: [],
    ...fieldsOf(body),
    ...fieldsOf({ executedOnDevice: body.metadata?.executedOnDevice, userAgent: body.metadata?.userAgent }),
    flowId: body.flowId,
    flowName: body.flowName ?? flow?.name ?? '',
    flowVersion: body.flowVersion ?? flow?.version ?? '',
    trigger: body.trigger,
    triggeredBy: space.userId,
    status: 'running',
    startedAt,
    _id: executionDocId(id),
    type: 'execution',
    schemaVersion,
  };
  const month = await space.provisionMonth(monthOfUuidV7(id) ?? monthOf(new Date(startedAt)));
  const written = await month.documents.insert(document);
  if (written === 'conflict') throw taken();
  return { ...document, _rev: written.revision };
}

function taken(): SetteeError {
  return new SetteeError('conflict', 'There is an execution with this id already.');
}

function ended(current: ExecutionDocument, body: CompleteExecutionBody, now: Date): ExecutionDocument {
  const completedAt = body.completedAt ?? now.toISOString();
  const elapsed = Math.max(0, Date.parse(completedAt) - Date.parse(current.startedAt));
  return {
    ...current,
    ...fieldsOf(body.metrics ?? {}),
    ...without(fieldsOf(body), ['flowId', 'startedAt']),
    status: body.status,
    completedAt,
    duration: body.duration ?? elapsed,
  };
}

/** Records how a run ended; said again, the last one counts. Runs of the server's engine cannot be ended this way. */
export async function completeExecution(
  spaces: readonly UserSpace[],
  id: string,
  {
    body,
    now,
    check,
  }: { body: CompleteExecutionBody; now: Date; check: CheckPrecondition<ExecutionDocument> },
): Promise<StoredExecution> {
  const { space, month, document: found } = await readExecution(spaces, id);
  assertWrites(space);
  if (found._id.startsWith(idPrefixes.run)) {
    throw new SetteeError('forbidden', 'Only the server ends the runs of its engine.');
  }
  const { document } = await changeDocument<ExecutionDocument>(month.documents, found._id, {
    check,
    change: (current) => (current === null ? null : ended(current, body, now)),
  });
  return document;
}
