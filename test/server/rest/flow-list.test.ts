import { beforeAll, describe, expect, it } from 'vitest';
import { bareId, flowListSchema, type FlowDocument } from '../../../schema/index.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { outcome, rest, type RestAnswer } from '../../support/rest-client.ts';
import type { TestAccount } from '../../support/settee.ts';
import { useSettee } from '../../support/use-settee.ts';
import { seedFlows } from './seed.ts';

const settee = useSettee();
let account: TestAccount;
let documents: FlowDocument[];

beforeAll(async () => {
  account = await settee.register();
  documents = makeFlowDocuments({ seed: 7, count: 1000, size: 6_000 }).map((flow, n) => ({
    ...flow,
    ...(n % 10 === 0 ? { readme: `How to use the émigré machine number${n}` } : {}),
    ...(n % 25 === 0 ? { deleted: true, deletedAt: flow.updatedAt } : {}),
  }));
  await seedFlows(settee, account.user.id, documents);
});
const get = (target: string): Promise<RestAnswer> =>
  rest(settee.url, `GET ${target}`, { token: account.accessToken });

/** Every flow of a query, page by page. */
async function pages(query: string, limit: number): Promise<{ ids: string[]; total: number }> {
  const ids: string[] = [];
  for (;;) {
    const { status, body } = await get(`/api/flows?${query}&limit=${limit}&offset=${ids.length}`);
    expect(status).toBe(200);
    ids.push(...body.flows.map(({ id }: { id: string }) => id));
    if (body.flows.length < limit) return { ids, total: body.total };
  }
}

const live = (): FlowDocument[] => documents.filter(({ deleted }) => deleted !== true);
const idsOf = (flows: FlowDocument[]): string[] => flows.map(({ _id }) => bareId(_id));

function words(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
}

function labelsOf({ nodes }: FlowDocument['flow']): string[] {
  return nodes.flatMap(({ data }) => {
    const label = (data as { label?: unknown } | undefined)?.label;
    return typeof label === 'string' ? [label] : [];
  });
}

/** A plain search: each word asked for begins some word of the flow's texts. */
function found(query: string): FlowDocument[] {
  return live().filter(({ name, description = '', tags = [], category = '', readme = '', flow }) => {
    const has = words([name, description, ...tags, category, readme, ...labelsOf(flow)].join(' '));
    return words(query).every((word) => has.some((other) => other.startsWith(word)));
  });
}

describe('a list of a thousand flows', () => {
  it('pages 50 at a time unless told otherwise, newest change first, as summaries', async () => {
    const { status, body } = await get('/api/flows');
    expect(status).toBe(200);
    expect(flowListSchema.parse(body)).toBeTruthy();
    expect(body).toMatchObject({ total: live().length, limit: 50, offset: 0 });
    expect(body.flows).toHaveLength(50);
    const [first] = body.flows;
    const source = documents.find(({ _id }) => bareId(_id) === first.id);
    expect(first).toMatchObject({
      name: source?.name,
      nodeCount: source?.flow.nodes.length,
      executionCount: 0,
    });
    for (const field of ['flow', 'readme', 'thumbnail']) expect(first).not.toHaveProperty(field);
  });

  it.each(['asc', 'desc'])(
    'sorts by change, creation and name, %s, without gaps or repeats',
    async (order) => {
      const up = order === 'asc' ? 1 : -1;
      const text = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
      const byTime =
        (field: 'updatedAt' | 'createdAt') =>
        (a: FlowDocument, b: FlowDocument): number =>
          up * text(a[field], b[field]) || text(a._id, b._id);
      const byName = (a: FlowDocument, b: FlowDocument): number =>
        up * a.name.localeCompare(b.name, 'en') || text(a._id, b._id);
      for (const [sort, compare] of [
        ['updated', byTime('updatedAt')],
        ['created', byTime('createdAt')],
        ['name', byName],
      ] as const) {
        const { ids, total } = await pages(`sort=${sort}&order=${order}`, 137);
        expect(total).toBe(live().length);
        expect(ids).toEqual(idsOf(live().toSorted(compare)));
      }
    },
  );

  it('filters by tags, all of which must match, category and status, together', async () => {
    const [flow] = live().filter(({ tags = [] }) => new Set(tags).size >= 2);
    const tags = flow?.tags?.slice(0, 2) ?? [];
    const category = flow?.category;
    const matches = live().filter(
      (other) =>
        tags.every((tag) => other.tags?.includes(tag)) &&
        other.category === category &&
        other.status === flow?.status,
    );
    expect(matches.length).toBeGreaterThan(0);
    const query = `tags=${encodeURIComponent(tags.join(', '))}&category=${category}&status=${flow?.status}`;
    const { ids, total } = await pages(query, 100);
    expect(total).toBe(matches.length);
    expect(ids.toSorted()).toEqual(idsOf(matches).toSorted());
  });

  it('searches the texts like a plain search does', async () => {
    const [flow] = live();
    const someWords = words(`${flow?.name} ${flow?.description}`).filter((word) => word.length > 3);
    const [label] = labelsOf(flow?.flow ?? { nodes: [], edges: [] });
    expect(label).toBeTypeOf('string');
    const queries = [
      label ?? '',
      ...someWords.slice(0, 4),
      `${someWords[0]} ${someWords[1]}`,
      'emigre',
      'number1',
      'Research',
      'nosuchword',
    ];
    for (const query of queries) {
      const { ids, total } = await pages(`search=${encodeURIComponent(query)}`, 500);
      expect(ids.toSorted(), query).toEqual(idsOf(found(query)).toSorted());
      expect(total).toBe(ids.length);
    }
    expect(found('emigre').length).toBeGreaterThan(50);
  });

  it('sees what was written a moment ago, by REST and by replication, and what was deleted', async () => {
    const [flow, other] = live();
    const call = (target: string, body?: object) =>
      rest(settee.url, target, { token: account.accessToken, ...(body ? { body } : {}) });
    const total = async (query: string): Promise<number> => (await get(`/api/flows?${query}`)).body.total;

    expect(await total('search=zyzzyva')).toBe(0);
    await call(`PUT /api/flows/${bareId(flow?._id ?? '')}`, { description: 'a Zyzzyva' });
    expect(await total('search=zyzzyva')).toBe(1);
    const { spaces } = settee.services;
    const scope = spaces.open<FlowDocument>(await spaces.personal(account.user.id));
    const current = await scope.get(other?._id ?? '');
    await scope.insert({ ...current, tags: ['zyzzyva'] });
    expect(await total('search=zyzzyva')).toBe(2);
    expect(await total('tags=zyzzyva')).toBe(1);
    await call(`DELETE /api/flows/${bareId(flow?._id ?? '')}`);
    expect(await total('search=zyzzyva')).toBe(1);
    await call(`POST /api/flows/${bareId(flow?._id ?? '')}/restore`);
    await call(`PUT /api/flows/${bareId(flow?._id ?? '')}`, { description: flow?.description });
    expect(await total('search=zyzzyva')).toBe(1);
  });

  it('sorts by executions', async () => {
    const [first, second] = live()
      .slice(500)
      .map(({ _id }) => bareId(_id));
    for (const flowId of [first, second, second]) {
      await rest(settee.url, 'POST /api/executions', { token: account.accessToken, body: { flowId } });
    }
    const { body } = await get('/api/flows?sort=executions&limit=3');
    expect(body.flows.map(({ executionCount }: { executionCount: number }) => executionCount)).toEqual([
      2, 1, 0,
    ]);
    expect(body.flows[0].id).toBe(second);
  });

  it.each([
    'limit=0',
    'limit=501',
    'limit=ten',
    'offset=-1',
    'sort=size',
    'order=up',
    'status=lost',
    'deleted=maybe',
  ])('refuses %s', async (query) => {
    expect(outcome(await get(`/api/flows?${query}`))).toBe('400 invalid_query');
  });

  it('gives 500 at most in one answer, and none behind the end', async () => {
    expect((await get('/api/flows?limit=500')).body.flows).toHaveLength(500);
    const end = await get('/api/flows?offset=5000');
    expect(end.body).toMatchObject({ flows: [], total: live().length });
  });
});
