import { beforeEach, expect, it } from 'vitest';
import { bareId, type FlowDocument } from '../../../../schema/index.ts';
import { createFlowCatalog } from '../../../../server/rest/flows/flow-catalog.ts';
import { createUserSpaces, type UserSpace } from '../../../../server/rest/store/user-space.ts';
import { createChangeClock } from '../../../../server/rest/sync/change-clock.ts';
import { pullFlows, type PulledFlows } from '../../../../server/rest/sync/pull-flows.ts';
import { makeFlowDocuments } from '../../../support/flows.ts';
import { useSettee } from '../../../support/use-settee.ts';
import { seedFlows } from '../seed.ts';

const settee = useSettee();
let space: UserSpace;
let userId: string;

beforeEach(async () => {
  ({
    user: { id: userId },
  } = await settee.register());
  space = await createUserSpaces(settee.services)({ userId });
});

const clock = createChangeClock({ now: () => new Date() });
const catalog = createFlowCatalog();
const limits = { flows: 3, characters: 1e9 };
const pull = (since?: string): Promise<PulledFlows> =>
  pullFlows([space], { clock, catalog, limits, ...(since === undefined ? {} : { since }) });

async function put(flow: FlowDocument, fields: object): Promise<void> {
  const { _rev } = (await space.documents.get<FlowDocument>(flow._id)) as { _rev: string };
  const next = { ...flow, ...fields, _rev };
  await space.documents.insert(next);
}

/** Asks again while there is more, and does something after the first answer. */
async function pullAll(since?: string, meanwhile?: () => Promise<void>) {
  const answers = [await pull(since)];
  await meanwhile?.();
  while (answers.at(-1)?.more) answers.push(await pull(answers.at(-1)?.syncedAt));
  const flows = answers.flatMap((answer) => answer.flows.map(({ flow }) => flow));
  return { answers, flows, ids: flows.map(({ _id }) => _id), syncedAt: answers.at(-1)?.syncedAt ?? '' };
}

it('gives everything in several answers where one cannot hold it, and then nothing more', async () => {
  // Some have the same time.
  const flows = makeFlowDocuments({ seed: 1, count: 10, size: 6_000 }).map((flow, n) =>
    n < 5 ? { ...flow, updatedAt: '2025-01-01T00:00:00.000Z' } : flow,
  );
  await seedFlows(settee, userId, flows);
  const { answers, ids, syncedAt } = await pullAll();
  expect(answers.map(({ flows: { length } }) => length)).toEqual([3, 3, 3, 1]);
  expect(ids.toSorted()).toEqual(flows.map(({ _id }) => _id).toSorted());
  expect(await pull(syncedAt)).toEqual({ flows: [], syncedAt });
});

it('loses nothing that changes between two answers', async () => {
  const flows = makeFlowDocuments({ seed: 2, count: 8, size: 6_000 });
  await seedFlows(settee, userId, flows);
  const byTime = flows.toSorted((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
  const [given, , , , late] = byTime as [
    FlowDocument,
    FlowDocument,
    FlowDocument,
    FlowDocument,
    FlowDocument,
  ];
  const { flows: first, syncedAt } = await pullAll(undefined, async () => {
    await put(given, { name: 'Changed after it was given', updatedAt: new Date().toISOString() });
    await put(late, { name: 'Made long ago, came now', updatedAt: '2001-01-01T00:00:00.000Z' });
  });
  const { flows: second } = await pullAll(syncedAt);
  const known = new Map([...first, ...second].map((flow) => [bareId(flow._id), flow.name]));
  expect(known.size).toBe(8);
  expect(known.get(bareId(given._id))).toBe('Changed after it was given');
  expect(known.get(bareId(late._id))).toBe('Made long ago, came now');
});

it('gives a single flow that is larger than an answer should be', async () => {
  await seedFlows(settee, userId, makeFlowDocuments({ seed: 3, count: 1, size: 6_000 }));
  const answer = await pullFlows([space], { clock, catalog, limits: { flows: 3, characters: 1 } });
  expect(answer.flows).toHaveLength(1);
  expect(answer).not.toHaveProperty('more');
});

it('gives everything of a space that was joined a little before the last pull, which may not have seen it', async () => {
  const flows = makeFlowDocuments({ seed: 4, count: 2, size: 6_000 });
  await seedFlows(settee, userId, flows);
  const since = new Date().toISOString();
  const joinedBefore = async (seconds: number): Promise<string[]> => {
    const joined = new Date(Date.parse(since) - seconds * 1000).toISOString();
    const answer = await pullFlows([{ ...space, joined }], { clock, catalog, since });
    return answer.flows.map(({ flow }) => flow._id).toSorted();
  };
  expect(await joinedBefore(60)).toEqual(flows.map(({ _id }) => _id).toSorted());
  expect(await joinedBefore(3600)).toEqual([]);
});
