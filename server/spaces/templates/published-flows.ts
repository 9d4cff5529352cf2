import type { Couch } from '../../couch/couch.ts';
import type { Directory } from '../directory.ts';
import { createMoveJournal, movePrefix } from '../moves/move-journal.ts';
import {
  homeOf,
  listTemplateRecords,
  templateIdIn,
  templateRecordSchema,
  type TemplateRecord,
} from './template-records.ts';

/** A flow that was published, in the space where it is. */
export interface PublishedFlow {
  flowId: string;
  templateId: string;
}

/** Where the flows are of which there are records, by what the directory's feed says of them and of their moves. */
export interface PublishedFlows {
  /** Also those that are published no more; none that is on its way. */
  in(spaceId: string): Promise<PublishedFlow[]>;
  /** The spaces that have any. */
  spaces(): Promise<Set<string>>;
  close(): void;
}

interface Known {
  readonly record: TemplateRecord;
  /** Undefined until somebody asks, null where it is not known. */
  home?: string | null;
}

export function createPublishedFlows({
  couch,
  directory,
}: {
  couch: Couch;
  directory: Pick<Directory, 'onOther'>;
}): PublishedFlows {
  const journal = createMoveJournal(couch);
  const known = new Map<string, Known>();
  let loading: Promise<void> | undefined;
  const stop = directory.onOther(({ id, doc }) => {
    const { data } = templateRecordSchema.safeParse(doc);
    if (data) known.set(id, { record: data });
    if (!id.startsWith(movePrefix)) return;
    for (const [key, { record }] of known) if (id === movePrefix + record.flowId) known.set(key, { record });
  });

  async function load(): Promise<void> {
    for await (const record of listTemplateRecords(couch)) {
      if (!known.has(record._id)) known.set(record._id, { record });
    }
  }

  /** All, after a look where those are of which nobody asked before. */
  async function placed(): Promise<Known[]> {
    loading ??= load();
    await loading.catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    const entries = Array.from(known.values());
    for (const entry of entries.filter(({ home }) => home === undefined)) {
      const move = await journal.read(entry.record.flowId);
      entry.home = move?.state === 'moving' ? null : (homeOf(entry.record, move) ?? null);
    }
    return entries;
  }

  return {
    async in(spaceId) {
      return (await placed())
        .filter(({ home }) => home === spaceId)
        .map(({ record }) => ({ flowId: record.flowId, templateId: templateIdIn(record) }));
    },
    spaces: async () => new Set((await placed()).flatMap(({ home }) => home ?? [])),
    close: stop,
  };
}
