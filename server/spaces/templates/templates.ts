import { createHash } from 'node:crypto';
import type nano from 'nano';
import { flowContent } from '../../../flow/index.ts';
import {
  flowDocId,
  schemaVersion,
  serverDatabaseName,
  spaceDatabase,
  type FlowDocument,
} from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { engineStatus, orNull } from '../../couch/engine-error.ts';
import { retry } from '../../couch/retry.ts';
import { assetsIn, copyAssets } from '../moves/kept-content.ts';
import { createMoveJournal } from '../moves/move-journal.ts';
import { templatesSpaceId } from '../templates-space.ts';
import {
  findTemplateId,
  homeOf,
  listTemplateRecords,
  templateIdIn,
  type Publisher,
} from './template-records.ts';

/** Public flows, as snapshots that everybody reads and only the server writes. */
export interface Templates {
  /** Makes the template of a flow, or brings it up to date; answers its id. */
  publish(flow: FlowDocument, from: { database: string } & Publisher): Promise<string>;
  /** Takes the template of a flow away; how often it was used stays known. */
  unpublish(flowId: string, from: Publisher): Promise<void>;
  /** Whether there is a template of the flow now, whatever the flow says. */
  isPublished(flowId: string, from: Publisher): Promise<boolean>;
  /** Takes a template away where `isDue` says so, asked after it was read: one published meanwhile is another. */
  takeAway(templateId: string, isDue: () => Promise<boolean>): Promise<void>;
  /** Takes away what a user published. */
  removeOf(userId: string): Promise<void>;
  /** Takes away what was published of the flows that are in a space; what people made of it stays theirs. */
  removeIn(spaceId: string): Promise<void>;
  /** Counts that somebody used a template: each user once, however often. */
  noteUse(templateId: string, userId: string): Promise<void>;
  /** How many people used each template. */
  uses(): Promise<Map<string, number>>;
  /** Copies the assets that a document made of a template names, before it is written itself. */
  copyAssets(document: object, to: { database: string; userId: string }): Promise<void>;
}

/** What belongs to the flow and its people, and not to what is shown to everybody. */
const notPublished = new Set([
  'contributors',
  'organization',
  'versionHistory',
  'createdOnDevice',
  'lastModifiedOnDevice',
  'userAgent',
  'lastAccessedAt',
  'isFavorite',
  'pinLevel',
  'parentFlowId',
]);

function templateOf(flow: FlowDocument, templateId: string, publishedAt: string): FlowDocument {
  const shown = Object.entries(flowContent(flow)).filter(([key]) => !notPublished.has(key));
  return {
    ...(Object.fromEntries(shown) as FlowDocument),
    ...(flow._attachments === undefined ? {} : { _attachments: flow._attachments }),
    _id: flowDocId(templateId),
    type: 'flow',
    schemaVersion,
    isTemplate: true,
    visibility: 'public',
    publishedAt,
  };
}

export function createTemplates({ couch, clock }: { couch: Couch; clock: () => Date }): Templates {
  const directoryName = serverDatabaseName('directory', couch.prefix);
  const directory = (): nano.DocumentScope<object> => couch.admin<object>(directoryName);
  const space = (): nano.DocumentScope<object> =>
    couch.admin<object>(spaceDatabase(templatesSpaceId, couch.prefix));

  /** Writes what `change` makes of a document; null leaves it. */
  async function update<D extends object>(
    scope: nano.DocumentScope<object>,
    id: string,
    change: (current: (D & { _rev: string }) | null) => D | null | Promise<D | null>,
  ): Promise<void> {
    const once = async (): Promise<void> => {
      const current = (await orNull(scope.get(id))) as (D & { _rev: string }) | null;
      const next = await change(current);
      if (next === null) return;
      await scope.insert({ ...next, _id: id, ...(current === null ? {} : { _rev: current._rev }) });
    };
    await retry(once, { attempts: 20, isWorthIt: (error) => engineStatus(error) === 409 });
  }

  async function takeAway(
    templateId: string,
    isDue = (): Promise<boolean> => Promise.resolve(true),
  ): Promise<void> {
    await update<object>(space(), flowDocId(templateId), async (current) =>
      current === null || !(await isDue()) ? null : { _deleted: true, type: 'flow', schemaVersion },
    );
  }

  return {
    async publish(flow, { database, by, spaceId }) {
      const publishedAt = clock().toISOString();
      const flowId = flow._id.slice('flow:'.length);
      const templateId = await findTemplateId(couch, flowId, { by, spaceId });
      const record = { type: 'template', flowId, spaceId, publishedBy: by, publishedAt };
      await update<object>(directory(), `template:${templateId}`, (current) => ({
        uses: 0,
        ...current,
        ...record,
      }));
      const source = couch.admin<FlowDocument>(database);
      const whole =
        flow._attachments === undefined ? flow : await source.get(flow._id, { attachments: true });
      await copyAssets(couch.admin<object>(database), space(), assetsIn(flow));
      const template = templateOf(whole, templateId, publishedAt);
      await update<FlowDocument>(space(), template._id, () => template);
      return templateId;
    },
    unpublish: async (flowId, from) => takeAway(await findTemplateId(couch, flowId, from)),
    async isPublished(flowId, from) {
      const templateId = await findTemplateId(couch, flowId, from);
      return (await orNull(space().head(flowDocId(templateId)))) !== null;
    },
    takeAway,
    async removeOf(userId) {
      for await (const { _id, publishedBy } of listTemplateRecords(couch)) {
        if (publishedBy === userId) await takeAway(templateIdIn({ _id }));
      }
    },
    async removeIn(spaceId) {
      const moves = createMoveJournal(couch);
      for await (const record of listTemplateRecords(couch)) {
        const move = await moves.read(record.flowId);
        if (homeOf(record, move) === spaceId) await takeAway(templateIdIn(record));
      }
    },
    async noteUse(templateId, userId) {
      const who = createHash('sha256').update(`${templateId} ${userId}`).digest('hex');
      try {
        const use = { _id: `template-use:${templateId}:${who}`, type: 'template-use', templateId };
        await directory().insert(use);
      } catch (error) {
        if (engineStatus(error) === 409) return;
        throw error;
      }
      await update<{ uses: number }>(directory(), `template:${templateId}`, (current) =>
        current === null ? null : { ...current, uses: current.uses + 1 },
      );
    },
    async uses() {
      const counts = new Map<string, number>();
      for await (const { _id, uses } of listTemplateRecords(couch)) counts.set(templateIdIn({ _id }), uses);
      return counts;
    },
    copyAssets: (document, { database }) =>
      copyAssets(space(), couch.admin<object>(database), assetsIn(document)),
  };
}
