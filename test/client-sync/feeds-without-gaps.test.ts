import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { PouchDocument } from '../../client-sync/pouch/pouch-types.ts';

const hash = (digit: string): string => digit.repeat(32);
const branch = (_id: string, ids: string[]): PouchDocument => ({
  _id,
  _rev: `${ids.length}-${ids[0]}`,
  _revisions: { start: ids.length, ids },
});

it('a feed goes on where the winning revision is replaced and compacted while it reads', async () => {
  const { openLocal } = await createPouchOpener('memory');
  const db = openLocal(`gaps-${randomUUID()}`);
  const names = Array.from({ length: 200 }, (_, index) => `doc-${index}`);
  const winner = [hash('f'), hash('0')];
  await db.bulkDocs(
    names.map((name) => branch(name, winner)),
    { new_edits: false },
  );
  // Written last, so that the feed has to fetch the winner.
  await db.bulkDocs(
    names.map((name) => branch(name, [hash('a'), hash('0')])),
    { new_edits: false },
  );
  const feed = db.changes({ since: 0, include_docs: true, style: 'all_docs' });
  await db.bulkDocs(
    names.map((name) => branch(name, [hash('9'), ...winner])),
    { new_edits: false },
  );
  const { results } = await feed;
  const { results: after } = await db.changes({ since: 0, style: 'all_docs' });
  expect(results.length).toBeGreaterThan(0);
  expect(after).toHaveLength(names.length);
  await db.destroy();
});
