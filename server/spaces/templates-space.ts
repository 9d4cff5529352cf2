import type { Couch } from '../couch/couch.ts';
import type { Directory } from './directory.ts';
import { spaceDocId, spaceOf, type SpaceDocument } from './space-document.ts';

/** The space that everybody reads and only the server writes. */
export const templatesSpaceId = 'templates';

/** Makes the space of the templates where it is missing; may be repeated, by several processes at once. */
export async function ensureTemplates(couch: Couch, directory: Directory, now: Date): Promise<void> {
  const document: SpaceDocument = {
    _id: spaceDocId(templatesSpaceId),
    type: 'space',
    kind: 'templates',
    name: 'Templates',
    members: {},
    createdAt: now.toISOString(),
  };
  const written = await directory.update(templatesSpaceId, (current) => (current ? null : document));
  const { database } = spaceOf(written ?? document, couch.prefix);
  await couch.createDatabase(database, 'space', templatesSpaceId);
}
