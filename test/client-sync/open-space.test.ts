import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { monthOf } from '../../schema/database-names.ts';
import { openSpace, type LocalSpace } from '../../client-sync/local/open-space.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';

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
