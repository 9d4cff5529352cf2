import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { endWritesIf, writeInTurn } from '../../client-sync/local/in-turn.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch } from '../../client-sync/pouch/pouch-types.ts';

async function openDatabase(): Promise<{ db: Pouch; write: (id: string) => Promise<unknown> }> {
  const db = (await createPouchOpener('memory')).openLocal(`turns-${randomUUID()}`);
  return { db, write: (id) => writeInTurn(db, id, () => db.put({ _id: id })) };
}

describe('whether a database goes', () => {
  it('is decided after what is being written, and by what was written', async () => {
    const { db, write } = await openDatabase();
    const writes = [write('one'), write('two')];
    const goes = await endWritesIf(db, async () => (await db.info()).doc_count < 2);
    expect(goes).toBe(false);
    await Promise.all(writes);
    await write('three');
    expect((await db.info()).doc_count).toBe(3);
  });

  it('lets writes that come meanwhile wait, and refuses them where it goes', async () => {
    for (const goes of [false, true]) {
      const { db, write } = await openDatabase();
      let late: Promise<unknown> = Promise.resolve();
      const decided = endWritesIf(db, async () => {
        late = write('late').then(
          () => 'written',
          ({ code }: { code: string }) => code,
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect((await db.info()).doc_count).toBe(0);
        return goes;
      });
      expect(await decided).toBe(goes);
      expect(await late).toBe(goes ? 'not_found' : 'written');
    }
  });

  it('may fail to be decided; then it stays', async () => {
    const { db, write } = await openDatabase();
    await expect(endWritesIf(db, () => Promise.reject(new Error('unreadable')))).rejects.toThrow(
      'unreadable',
    );
    await write('one');
    expect((await db.info()).doc_count).toBe(1);
  });
});
