import { z } from 'zod';
import {
  flowContentSchema,
  flowDocId,
  type FlowDocument,
  type VersionDocument,
} from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import type { CheckPrecondition } from '../http-conditions.ts';
import { changeDocument } from '../store/change-document.ts';
import type { DocumentStore } from '../store/document-store.ts';
import { readFlow, undeleted, type StoredFlow } from './flow-actions.ts';
import { keepVersion, readVersion } from './version-store.ts';

const { version: semverSchema } = flowContentSchema.shape;

/** The body of `POST /api/flows/:id/versions`; without one the flow is kept as it is. */
export const saveVersionBodySchema = z
  .object({
    version: semverSchema.optional().describe('The number to give; the next patch where it is left out.'),
    changes: z.string().max(20_000).optional().describe('What changed, for the history.'),
  })
  .optional()
  .meta({ id: 'SaveVersion' });
export type SaveVersionBody = z.infer<typeof saveVersionBodySchema>;

/** `1.2.3` → `1.2.4`; whatever follows the third number is dropped. */
function nextPatch(version: string): string {
  const [major = '1', minor = '0', patch = '0'] = version.split(/[.+-]/);
  return `${major}.${minor}.${Number(patch) + 1}`;
}

function numbered(
  current: FlowDocument,
  { version, changes }: NonNullable<SaveVersionBody>,
  now: Date,
): FlowDocument {
  const timestamp = now.toISOString();
  const number = version ?? nextPatch(current.version);
  const entry = { version: number, timestamp, changes: changes ?? '' };
  return {
    ...current,
    version: number,
    versionHistory: [...(current.versionHistory ?? []), entry],
    updatedAt: timestamp,
  };
}

/** Keeps the flow as it is now; where the body says a number or what changed, both enter the flow's history first. */
export async function saveVersion(
  documents: DocumentStore,
  id: string,
  { body, now, check }: { body: SaveVersionBody; now: Date; check: CheckPrecondition<FlowDocument> },
): Promise<VersionDocument> {
  const named = body?.version !== undefined || body?.changes !== undefined;
  const { document } = await changeDocument<FlowDocument>(documents, flowDocId(id), {
    check,
    async change(current) {
      if (current === null || current.deleted === true) return readFlow(documents, id);
      return named ? numbered(current, body, now) : null;
    },
  });
  return keepVersion(documents, document);
}

/** The snapshot's content in the flow's place; who the flow is, its history and its attachments stay. */
function replaced(current: FlowDocument, { snapshot }: VersionDocument, now: Date): FlowDocument {
  const { _id, type, schemaVersion, createdAt, version, versionHistory, contributors, _attachments } =
    current;
  const kept = { _id, type, schemaVersion, createdAt, version, versionHistory, contributors, _attachments };
  const fields = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  return undeleted({ ...snapshot, ...fields, updatedAt: now.toISOString() } as FlowDocument);
}

/** Makes a version the flow again. What it replaces becomes a version first. */
export async function restoreVersion(
  documents: DocumentStore,
  id: string,
  { versionId, now, check }: { versionId: string; now: Date; check: CheckPrecondition<FlowDocument> },
): Promise<StoredFlow> {
  const version = await readVersion(documents, id, versionId);
  if (version === null) throw new SetteeError('not_found', 'There is no such version.');
  const { document } = await changeDocument<FlowDocument>(documents, flowDocId(id), {
    check,
    async change(current) {
      if (current === null) throw new SetteeError('not_found', 'There is no such flow.');
      await keepVersion(documents, current);
      return replaced(current, version, now);
    },
  });
  return document;
}
