import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { monthOf } from '../../schema/database-names.ts';
import { openSpace, type LocalSpace } from '../../client-sync/local/open-space.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { PouchDocument } from '../../client-sync/pouch/pouch-types.ts';

const may = monthOf(new Date('2024-05-06'));

/** A space with a run in May, which is opened again by its name. */
async function openWithRun(): Promise<{ space: LocalSpace; open: () => Promise<LocalSpace> }> {
  const opener = await createPouchOpener('memory');
  const name = `space-${randomUUID()}`;
  const open = () => openSpace(opener, name, 'ada');
  const space = await open();
  await (await space.runs(may)).put({ _id: 'execution:old' });
  return { space, open };
}

describe('a month that is dropped', () => {
  it('is told of before it goes', async () => {
    const { space } = await openWithRun();
    const runs = await space.runs(may);
    const told = new Promise<unknown>((resolve) => {
      space.onMonths(() => {
        if (!space.months().includes(may)) runs.info().then(resolve, resolve);
      });
    });
    await space.dropMonth(may);
    expect(await told).toMatchObject({ doc_count: 1 });
    await space.close();
  });

  it('is not brought back by whoever looks for it', async () => {
    const { space } = await openWithRun();
    const dropped = space.dropMonth(may);
    expect(space.database(may)).toBeNull();
    await dropped;
    expect([space.database(may), space.databases()]).toEqual([null, [space.main]]);
    expect(space.months()).toEqual([]);
    await space.close();
  });

  it('is made anew for whoever writes to it meanwhile', async () => {
    const { space, open } = await openWithRun();
    const { notes } = space;
    const put = notes.put.bind(notes);
    let isForgotten = () => {};
    const forgotten = new Promise<void>((resolve) => {
      isForgotten = resolve;
    });
    // Its note is gone for a while before its database goes.
    notes.put = async (doc: PouchDocument) => {
      const written = await put(doc);
      if (doc._deleted) isForgotten();
      if (doc._deleted) await new Promise((resolve) => setTimeout(resolve, 50));
      return written;
    };
    const dropped = space.dropMonth(may);
    await forgotten;
    await (await space.runs(may)).put({ _id: 'execution:new' });
    await dropped;
    await space.close();
    const again = await open();
    const runs = await again.runs(may);
    expect((await runs.info()).doc_count).toBe(1);
    expect(await runs.get('execution:new')).toMatchObject({ _id: 'execution:new' });
    await again.destroy();
  });

  it('is gone when the space is closed or removed meanwhile', async () => {
    for (const end of ['close', 'destroy'] as const) {
      const { space, open } = await openWithRun();
      const dropped = space.dropMonth(may);
      await space[end]();
      await dropped;
      const again = await open();
      expect(again.months()).toEqual([]);
      expect((await (await again.runs(may)).info()).doc_count).toBe(0);
      await again.destroy();
    }
  });
});
