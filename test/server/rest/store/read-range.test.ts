import { expect, it } from 'vitest';
import { createPageLimit } from '../../../../server/rest/store/page-limit.ts';
import { readRange } from '../../../../server/rest/store/read-range.ts';
import { createUserSpaces } from '../../../../server/rest/store/user-space.ts';
import type { FlowDocument } from '../../../../schema/index.ts';
import { makeFlowDocuments } from '../../../support/flows.ts';
import { useSettee } from '../../../support/use-settee.ts';
import { seedFlows } from '../seed.ts';

const settee = useSettee();

it('reads every document of a range once, in order, in shorter pages where they are large', async () => {
  const { user } = await settee.register();
  const small = makeFlowDocuments({ seed: 8, count: 60, size: 6_000 });
  const [large] = makeFlowDocuments({ seed: 9, count: 1, size: 6_000 }) as [FlowDocument];
  const padding = 'x'.repeat(900_000);
  // Behind the small ones.
  const larges = Array.from({ length: 50 }, (_, n) => ({
    ...large,
    _id: `flow:ffffffff-ffff-4fff-bfff-ffffffff${1000 + n}` as const,
    readme: padding,
  }));
  await seedFlows(settee, user.id, small);
  for (const flow of larges) await seedFlows(settee, user.id, [flow]);
  const { documents } = await createUserSpaces(settee.services)({ userId: user.id });
  const pages: number[] = [];
  const range: typeof documents.range = async (start, end, options) => {
    const page = await documents.range<never>(start, end, options);
    pages.push(page.length);
    return page;
  };
  const ids: string[] = [];
  for await (const { _id } of readRange<FlowDocument>({ range }, 'flow:', 'flow;')) ids.push(_id);
  expect(ids).toEqual([...small, ...larges].map(({ _id }) => _id).toSorted());
  expect(pages.slice(0, 2)).toEqual([8, 32]);
  expect(pages.at(-1)).toBeLessThanOrEqual(8);
});

it('asks for no page that may be too much to hold', () => {
  const limit = createPageLimit();
  expect(limit.next()).toBe(8);
  limit.note([{ a: 1 }, { a: 2 }]);
  expect(limit.next()).toBe(32);
  limit.note([{ a: 'x'.repeat(2_000_000) }, { a: 1 }]);
  expect(limit.next()).toBe(7);
  limit.note([{ a: 'x'.repeat(9_000_000) }]);
  expect(limit.next()).toBe(1);
});
