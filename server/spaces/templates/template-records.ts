import { createHash } from 'node:crypto';
import { z } from 'zod';
import { serverDatabaseName } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { orNull } from '../../couch/engine-error.ts';
import { createMoveJournal, type MoveDocument } from '../moves/move-journal.ts';

/** `template:<id>` in the directory: who published what, and how many people have used it; it outlives the template. */
export const templateRecordSchema = z.looseObject({
  _id: z.templateLiteral(['template:', z.string()]),
  _rev: z.string().optional(),
  type: z.literal('template'),
  flowId: z.string(),
  /** Where the flow was then. */
  spaceId: z.string().optional(),
  publishedBy: z.string(),
  publishedAt: z.string(),
  uses: z.int().min(0),
});
export type TemplateRecord = z.infer<typeof templateRecordSchema>;

const pageSize = 500;

/** Every record, in pages; also of what is published no more. */
export async function* listTemplateRecords(couch: Couch): AsyncGenerator<TemplateRecord> {
  const directory = couch.admin<object>(serverDatabaseName('directory', couch.prefix));
  for (let startkey = 'template:'; ;) {
    const query = { startkey, endkey: 'template;', include_docs: true, limit: pageSize };
    const { rows } = await directory.list(query);
    for (const { doc } of rows) {
      const parsed = templateRecordSchema.safeParse(doc);
      if (parsed.success) yield parsed.data;
    }
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    startkey = `${last.id}!`;
  }
}

/** The space where a record's flow is: the record names the one where it was when it was published. */
export function homeOf({ spaceId }: TemplateRecord, move: MoveDocument | null): string | undefined {
  return spaceId !== undefined && move?.left.includes(spaceId) === true ? move.to : spaceId;
}

/** Who publishes a flow, and the space where it is; that he may has been seen to. */
export interface Publisher {
  by: string;
  spaceId: string;
}

export function templateIdIn({ _id }: Pick<TemplateRecord, '_id'>): string {
  return _id.slice('template:'.length);
}

/** The id of a flow's template: another one than the flow's, and always the same. */
function templateIdOf(flow: string): string {
  const hex = createHash('sha256').update(`template of ${flow}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * The id of a flow's template. Anybody may make a flow under an id that he knows: a template that was made of another
 * one, in another space from which this one did not come, is not his to change, and his has an id of its own.
 */
export async function findTemplateId(couch: Couch, flowId: string, from: Publisher): Promise<string> {
  const id = templateIdOf(flowId);
  const directory = couch.admin<object>(serverDatabaseName('directory', couch.prefix));
  const record = templateRecordSchema.safeParse(await orNull(directory.get(`template:${id}`))).data;
  if (!record || record.publishedBy === from.by || record.spaceId === from.spaceId) return id;
  const move = await createMoveJournal(couch).read(flowId);
  const cameFrom = move?.to === from.spaceId ? move.left : [];
  return record.spaceId !== undefined && cameFrom.includes(record.spaceId)
    ? id
    : templateIdOf(`${flowId} in ${from.spaceId}`);
}
