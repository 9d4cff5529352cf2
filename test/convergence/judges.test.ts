import { describe, expect, it } from 'vitest';
import type { StoredDocument } from './device-storage.ts';
import { settleable } from './judge-conflicts.ts';
import { createModel, type Model } from './model.ts';
import { newFlow, patchOf, tokensIn, valuesOf, type Values } from './values.ts';
import { createWireRecord } from './wire-record.ts';

/** A model with two people in a team, one of whom left at 500, and a flow in it with one value. */
function modelOfTeam(): { model: Model; token: number } {
  let now = 0;
  const model = createModel(() => now);
  model.addSpace({ id: 'ann', kind: 'personal', database: 'userdb-ann' }, 'ann');
  model.addSpace({ id: 'bob', kind: 'personal', database: 'userdb-bob' }, 'bob');
  model.addSpace({ id: 'team', kind: 'team', database: 'space-team' }, 'ann');
  now = 100;
  model.join('team', 'bob', 'editor');
  const token = model.nextToken();
  model.place('f', 'team');
  const write = { flowId: 'f', userId: 'ann', spaceId: 'team', at: 100 };
  model.acknowledge(write, new Map(), new Map([['field:name', token]]));
  now = 500;
  model.leave('team', 'bob');
  return { model, token };
}

const later = 10_000;

describe('the model', () => {
  it('asks for what was written, until somebody who knew it replaced it', () => {
    const { model, token } = modelOfTeam();
    const tokens = (): number[] => model.required().map((write) => write.token);
    expect(tokens()).toEqual([token]);
    const [mine, yours] = [model.nextToken(), model.nextToken()];
    const write = { flowId: 'f', userId: 'bob', spaceId: 'team', at: 200 };
    const seen: Values = new Map([['field:name', token]]);
    model.acknowledge(write, seen, new Map([['field:name', mine]]));
    model.acknowledge({ ...write, userId: 'ann' }, seen, new Map([['field:name', yours]]));
    expect(tokens()).toEqual([mine, yours]);
    model.acknowledge(write, new Map([['field:name', mine]]), new Map());
    expect(tokens()).toEqual([yours]);
  });

  it('finds again in any JSON what a person wrote into a flow', () => {
    const model = createModel();
    const flow = { ...newFlow(model.nextToken), id: 'f' } as unknown as Parameters<typeof patchOf>[0];
    const values = valuesOf(flow);
    expect(values.size).toBe(16);
    const found = new Set([...tokensIn(JSON.stringify(flow))].map(({ token }) => token));
    expect(found).toEqual(new Set(values.values()));
    const patch = patchOf(
      flow,
      [
        { kind: 'remove-node', node: 0 },
        { kind: 'field', field: 'note' },
      ],
      model.nextToken,
    );
    const after = valuesOf({ ...flow, ...patch });
    expect(after.has('node:n0:label')).toBe(false);
    expect(after.has('edge:e0:label')).toBe(false);
    expect(after.has('field:note')).toBe(true);
  });
});

describe('the record of the wire', () => {
  const deliver = (userId: string, request: string, token: number, at: number): string[] => {
    const { model } = modelOfTeam();
    const record = createWireRecord();
    const delivery = record.begin({ userId, device: 'd', request, sentAt: at - 10, status: 200 });
    delivery.parts.push({ text: `{"name":"w`, at }, { text: `${token}"}`, at });
    return record.judge(model);
  };

  it('lets a member have what is in his space, in time', () => {
    expect(deliver('bob', 'GET http://x/db/space-team/flow:f', 1, 300)).toEqual([]);
    expect(deliver('ann', 'GET http://x/api/flows/f', 1, later)).toEqual([]);
    expect(deliver('bob', 'GET http://x/db/userdb-bob/flow:copy', 1, later)).toEqual([]);
  });

  it('finds what came after the membership, before it, and to strangers', () => {
    expect(deliver('bob', 'GET http://x/db/space-team/flow:f', 1, later)).toHaveLength(1);
    expect(deliver('eve', 'GET http://x/api/flows/f', 1, 300)).toHaveLength(1);
    expect(deliver('bob', 'GET http://x/db/userdb-ann/flow:f', 1, 300)).toHaveLength(1);
    expect(deliver('bob', 'GET http://x/db/space-team-runs-2026-11/x', 1, later)).toHaveLength(1);
  });
});

describe('the judge of conflicts', () => {
  const base = `1-${'0'.repeat(32)}`;
  const leaf = (digit: string, fields: object): StoredDocument => ({
    _id: 'flow:f',
    _rev: `2-${digit.repeat(32)}`,
    _revisions: { start: 2, ids: [digit.repeat(32), '0'.repeat(32)] },
    name: 'w1',
    description: 'w2',
    ...fields,
  });
  const judge = (...leaves: StoredDocument[]): string[] => {
    const model = createModel();
    model.noteContent('f', base, valuesOf({ name: 'w1', description: 'w2' }));
    return settleable(model, 'db', leaves);
  };

  it('finds those that change different things', () => {
    expect(judge(leaf('a', { name: 'w3' }), leaf('b', { description: 'w4' }))).toHaveLength(1);
    expect(judge(leaf('a', { name: 'w3' }), leaf('b', { name: 'w3' }))).toHaveLength(1);
  });

  it('leaves those that do not agree about one thing', () => {
    expect(judge(leaf('a', { name: 'w3' }), leaf('b', { name: 'w4' }))).toEqual([]);
    expect(judge(leaf('a', { deleted: true }), leaf('b', { name: 'w4' }))).toEqual([]);
    expect(judge(leaf('a', { name: 'w3' }))).toEqual([]);
  });

  it('never leaves two merges against each other', () => {
    const merges = ['a', 'b'].map((digit) =>
      leaf(digit, { name: `w${digit === 'a' ? 3 : 4}`, mergeVersion: 1 }),
    );
    expect(judge(...merges)).toHaveLength(1);
  });
});
