import type nano from 'nano';
import { z } from 'zod';
import { serverDatabaseName } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { engineStatus, orNull } from '../../couch/engine-error.ts';
import { roleSchema } from '../space-document.ts';

/**
 * `move:<flow uuid>` in the directory: where a flow is going, written before anything else, and where it went. Whoever
 * finds it unfinished does all of it again: every step writes what it wrote before.
 */
export const moveDocumentSchema = z.looseObject({
  _id: z.templateLiteral(['move:', z.string()]),
  _rev: z.string().optional(),
  type: z.literal('move'),
  flowId: z.string(),
  /** Another one for each move, so that no two of them make the same revision. */
  moveId: z.string(),
  state: z.enum(['moving', 'done']),
  /** Ids of spaces. */
  from: z.string(),
  to: z.string(),
  by: z.string(),
  startedAt: z.iso.datetime({ offset: true }),
  /** The spaces that hold a `moved:` of this flow: edits may still arrive there. */
  left: z.array(z.string()),
  /** The target, where it has to be made first. */
  create: z.object({ name: z.string(), members: z.record(z.string(), roleSchema) }).optional(),
});
export type MoveDocument = z.infer<typeof moveDocumentSchema>;

export const movePrefix = 'move:';
const pageSize = 500;

/** The journal of moves. */
export interface MoveJournal {
  read(flowId: string): Promise<MoveDocument | null>;
  /** Null where another write came first. */
  write(document: MoveDocument): Promise<MoveDocument | null>;
  remove(document: MoveDocument): Promise<void>;
  /** Every flow that ever moved. */
  all(): AsyncGenerator<MoveDocument>;
}

export function createMoveJournal(couch: Couch): MoveJournal {
  const name = serverDatabaseName('directory', couch.prefix);
  const database = (): nano.DocumentScope<MoveDocument> => couch.admin<MoveDocument>(name);
  const idOf = (flowId: string): `move:${string}` => `move:${flowId}`;

  return {
    async read(flowId) {
      const found = await orNull(database().get(idOf(flowId)));
      return found === null ? null : moveDocumentSchema.parse(found);
    },
    async write(document) {
      try {
        const { rev } = await database().insert(document);
        return { ...document, _rev: rev };
      } catch (error) {
        if (engineStatus(error) === 409) return null;
        throw error;
      }
    },
    async remove({ _id, _rev }) {
      if (_rev === undefined) return;
      await orNull(database().destroy(_id, _rev)).catch((error: unknown) => {
        if (engineStatus(error) !== 409) throw error;
      });
    },
    async *all() {
      for (let startKey = movePrefix; ;) {
        const query = { include_docs: true, start_key: startKey, end_key: 'move;', limit: pageSize + 1 };
        const { rows } = await database().list(query);
        for (const row of rows.slice(0, pageSize)) {
          const parsed = moveDocumentSchema.safeParse(row.doc);
          if (parsed.success) yield parsed.data;
        }
        const next = rows[pageSize];
        if (!next) return;
        startKey = next.id;
      }
    },
  };
}
