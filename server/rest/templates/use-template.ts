import { v4 as uuid } from 'uuid';
import { unmarked } from '../../../flow/index.ts';
import { flowDocId, type FlowDocument } from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import { SetteeError } from '../../errors.ts';
import { templatesSpaceId } from '../../spaces/templates-space.ts';
import { readFlow, type StoredFlow } from '../flows/flow-actions.ts';
import type { FlowContext } from '../flows/flow-services.ts';
import { assertWrites } from '../store/space-rights.ts';
import type { UserSpace } from '../store/user-space.ts';
import { without } from '../store/without.ts';

/** What belongs to the template and not to what is made of it. */
const notCopied = [
  '_rev',
  '_conflicts',
  '_attachments',
  'isTemplate',
  'visibility',
  'publishedAt',
  'author',
  'status',
];

/** Makes a flow of the caller's from a template, and counts it. */
export async function useTemplate(
  { open, spaces, now }: Pick<FlowContext, 'open' | 'spaces' | 'now'>,
  principal: Principal,
  id: string,
  { name, spaceId }: { name?: string | undefined; spaceId?: string | undefined } = {},
): Promise<{ flow: StoredFlow; space: UserSpace }> {
  const templates = await open.one(principal, templatesSpaceId);
  const template = await readFlow(templates.documents, id);
  const space = spaceId === undefined ? await open(principal) : await open.one(principal, spaceId);
  assertWrites(space);
  const time = now().toISOString();
  const flow: FlowDocument = {
    ...(unmarked(without(template, notCopied)) as FlowDocument),
    _id: flowDocId(uuid()),
    ...(name === undefined ? {} : { name }),
    version: '1.0.0',
    parentFlowId: id,
    createdAt: time,
    updatedAt: time,
  };
  await spaces.templates.copyAssets(flow, { database: space.database, userId: principal.userId });
  const written = await space.documents.insert(flow);
  if (written === 'conflict') throw new SetteeError('internal_error', 'A new id was taken.');
  await spaces.templates.noteUse(id, principal.userId);
  return { flow: { ...flow, _rev: written.revision }, space };
}
