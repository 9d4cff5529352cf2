import { describe, expect, it } from 'vitest';
import {
  computeRevision,
  flowRules,
  mergeDocument,
  splitRevision,
  type Leaf,
  type LeafDocument,
  type MergeRules,
} from '../../flow/index.ts';
import { editFlow, startFlow, timeOf, type FlowEdit } from '../support/flow-edits.ts';
import type { FlowContent } from '../../schema/index.ts';

const start: LeafDocument = {
  _id: 'flow:00000000-0000-4000-8000-000000000001',
  type: 'flow',
  schemaVersion: 1,
  ...startFlow(),
};
const root: Leaf = { document: start, ancestry: [computeRevision(start)] };
const revisionOf = (leaf: Leaf | undefined) => leaf?.ancestry[0] ?? '';

function child(parent: Leaf, edit: FlowEdit, at: number, more: object = {}): Leaf {
  const { mergeVersion: _version, mergedFrom: _from, ...before } = parent.document;
  const document = {
    ...editFlow(before as unknown as FlowContent, edit, timeOf(at)),
    ...more,
  } as unknown as LeafDocument;
  const revision = computeRevision(document, splitRevision(revisionOf(parent))[0] + 1, revisionOf(parent));
  return { document, ancestry: [revision, ...parent.ancestry] };
}

const bases = (...leaves: Leaf[]) => new Map(leaves.map((leaf) => [revisionOf(leaf), leaf.document]));
const a = child(root, { do: 'rename', text: 'Two' }, 1);
const b = child(root, { do: 'data', node: 0, key: 'p', value: 1 }, 2);
const c = child(root, { do: 'move', node: 1, x: 5, y: 5 }, 3);
const known = bases(root, a, b, c);

/** What remains when a settlement was written. */
function written(leaves: readonly Leaf[], { merges, tombstones }: ReturnType<typeof mergeDocument>): Leaf[] {
  const all = [...leaves, ...merges, ...tombstones];
  const inner = new Set(all.flatMap(({ ancestry }) => ancestry.slice(1)));
  return all.filter((leaf) => !inner.has(revisionOf(leaf)));
}

describe('settling a document', () => {
  it('makes a child of the winner that names its sources, and ends the others in it', () => {
    const settled = mergeDocument({ leaves: [a, b], bases: known });
    const [winner, loser] = [a, b].toSorted((x, y) => (revisionOf(x) > revisionOf(y) ? -1 : 1)) as [
      Leaf,
      Leaf,
    ];
    expect(settled.document).toMatchObject({ name: 'Two', mergeVersion: 1, updatedAt: timeOf(2) });
    expect(settled.document?.mergedFrom).toEqual([revisionOf(a), revisionOf(b)].toSorted());
    expect(settled.ancestry.slice(1)).toEqual(winner.ancestry);
    expect(settled.tombstones.map(({ document, ancestry }) => [document, ancestry[1]])).toEqual([
      [{ _id: start._id, _deleted: true, type: 'flow', resolvedInto: settled.revision }, revisionOf(loser)],
    ]);
    expect(settled.revision).toBe(computeRevision(settled.document as LeafDocument, 3, revisionOf(winner)));
  });

  it('gives the same whatever the order of leaves, and part of it to who saw fewer', () => {
    const all = mergeDocument({ leaves: [a, b, c], bases: known });
    for (const leaves of [
      [c, b, a],
      [b, a, c],
      [b, c, a],
    ]) {
      expect(mergeDocument({ leaves, bases: known })).toEqual(all);
    }
    expect(all.document).toMatchObject({ name: 'Two', updatedAt: timeOf(3) });
    const [first, second] = [a, b, c].toSorted((x, y) => (revisionOf(x) > revisionOf(y) ? -1 : 1)) as [
      Leaf,
      Leaf,
    ];
    const fewer = mergeDocument({ leaves: [first, second], bases: known });
    expect(all.ancestry).toContain(fewer.revision);
    expect(all.tombstones).toContainEqual(fewer.tombstones[0]);
  });

  it('does nothing more once it is written, and the same where only the merge was', () => {
    const leaves = [a, b];
    const settled = mergeDocument({ leaves, bases: known });
    const after = written(leaves, settled);
    expect(mergeDocument({ leaves: after })).toMatchObject({ merges: [], tombstones: [], open: [] });
    const torn = written(leaves, { ...settled, tombstones: [] });
    expect(mergeDocument({ leaves: torn }).tombstones).toEqual(settled.tombstones);
  });

  it('waits where the base is not here, and asks where edits overlap', () => {
    const [open] = mergeDocument({ leaves: [a, b] }).open;
    expect(open).toMatchObject({ base: null, missing: [revisionOf(root)], conflicts: [] });
    const other = child(root, { do: 'rename', text: 'Three' }, 4);
    const asked = mergeDocument({ leaves: [a, other], bases: known });
    expect(asked).toMatchObject({ merges: [], tombstones: [] });
    expect(asked.open).toMatchObject([{ base: revisionOf(root), conflicts: [{ path: ['name'] }] }]);
  });

  it('asks about what was written anew in two ways above a deletion, and not where both say the same', () => {
    const ended = {
      document: { _id: start._id, _deleted: true, type: 'flow' },
      ancestry: ['2-f', ...root.ancestry],
    };
    const anew = (hash: string, edit: FlowEdit): Leaf => ({
      document: child(root, edit, 4).document,
      ancestry: [`3-${hash}`, ...ended.ancestry],
    });
    const deletion = new Map([['2-f', ended.document as LeafDocument]]);
    const [one, two] = [anew('a', { do: 'rename', text: 'One' }), anew('b', { do: 'rename', text: 'Two' })];
    const asked = mergeDocument({ leaves: [one, two], bases: deletion });
    expect(asked).toMatchObject({
      merges: [],
      tombstones: [],
      open: [{ base: null, conflicts: [{ path: ['name'] }] }],
    });
    const same = mergeDocument({ leaves: [one, anew('c', { do: 'rename', text: 'One' })], bases: deletion });
    expect(same).toMatchObject({ merges: [], open: [], document: { name: 'One' } });
  });

  it('builds a late edit of the losing side on what it was an edit of', () => {
    const settled = mergeDocument({ leaves: [a, b], bases: known });
    const loser = settled.document?.mergedFrom as string[];
    const ended = settled.tombstones[0]?.ancestry[1];
    const side = [a, b].find((leaf) => revisionOf(leaf) === ended) as Leaf;
    // The very field that it had changed before: no conflict with what took that in.
    const late = child(
      side,
      side === a ? { do: 'rename', text: 'Late' } : { do: 'data', node: 0, key: 'p', value: 2 },
      5,
    );
    expect(loser).toContain(ended);
    const next = mergeDocument({ leaves: written([a, b, late], settled), bases: known });
    expect(next.open).toEqual([]);
    const { nodes } = (next.document as LeafDocument).flow as { nodes: { id: string; data: object }[] };
    const expected = side === a ? ['Late', { p: 1 }] : ['Two', { p: 2 }];
    expect([next.document?.name, nodes[0]?.data]).toMatchObject(expected);
  });

  it('needs no base where both sides say the same', () => {
    const twin = child(root, { do: 'rename', text: 'Two' }, 9);
    const settled = mergeDocument({ leaves: [a, twin] });
    expect([settled.merges, settled.versions, settled.tombstones.length]).toEqual([[], [], 1]);
  });
});

/** Newer rules say something of their own. */
const rulesOf = (version: number): MergeRules => ({
  ...flowRules,
  combine(base, sides) {
    const combined = flowRules.combine(base, sides);
    return version === 1 ? combined : { ...combined, content: { ...combined.content, author: 'newer' } };
  },
});

describe('two merges', () => {
  const settle = (version: number, leaves: Leaf[]) =>
    mergeDocument({ leaves, bases: known, mergeVersion: version, rules: rulesOf(version) });
  const leafOf = (settled: ReturnType<typeof mergeDocument>): Leaf => settled.merges[0] as Leaf;

  it('of the same leaves never merge again: the newer rules stand, the other is a version', () => {
    const [older, newer] = [leafOf(settle(1, [a, b])), leafOf(settle(2, [a, b]))];
    for (const version of [1, 2]) {
      const settled = settle(version, [older, newer]);
      expect([settled.revision, settled.merges]).toEqual([revisionOf(newer), []]);
      expect(settled.versions).toEqual([older.document]);
    }
  });

  it('of different leaves become one that holds all of them', () => {
    const [ab, ac] = [settle(1, [a, b]), settle(1, [a, c])];
    const leaves = [...written([a, b], ab), ...written([a, c], ac)];
    const settled = mergeDocument({ leaves, bases: known });
    expect(settled.document?.mergedFrom).toEqual([a, b, c].map(revisionOf).toSorted());
    expect(mergeDocument({ leaves: written(leaves, settled) }).tombstones).toEqual([]);
  });

  it('of which the base is gone are not asked about either, but left to others for a while', () => {
    const [ab, ac] = [settle(1, [a, b]), settle(1, [a, c])];
    const leaves = [...written([a, b], ab), ...written([a, c], ac)];
    const patient = mergeDocument({ leaves, patient: true });
    expect([patient.tombstones, patient.open.length]).toEqual([[], 1]);
    const settled = mergeDocument({ leaves });
    expect([settled.merges, settled.versions.length, settled.remaining.length]).toEqual([[], 1, 1]);
    // Whoever has the base meanwhile builds on the same one, so that both go together.
    const merged = mergeDocument({ leaves, bases: known });
    const both = written([...leaves, ...settled.tombstones], merged);
    expect(both.filter(({ document }) => document._deleted !== true).map(revisionOf)).toEqual([
      merged.revision,
    ]);
  });

  it('that overlap are not asked about: one stands and the other is a version', () => {
    const other = child(root, { do: 'data', node: 0, key: 'p', value: 7 }, 4);
    const [left, right] = [settle(1, [a, b]), settle(1, [c, other])];
    const leaves = [...written([a, b], left), ...written([c, other], right)];
    const settled = mergeDocument({ leaves, bases: known });
    expect([settled.open, settled.remaining.length, settled.versions.length]).toEqual([[], 1, 1]);
  });
});

describe('the other rules', () => {
  it('lets the later one show whichever revision is higher, and keeps the other', () => {
    for (const [early, late] of [
      [a, child(root, { do: 'rename', text: 'Late' }, 9)],
      [b, child(root, { do: 'rename', text: 'Late, too' }, 9)],
    ] as [Leaf, Leaf][]) {
      const settled = mergeDocument({ leaves: [early, late], rule: 'last-write-wins' });
      expect([settled.document?.name, settled.remaining.length]).toEqual([late.document.name, 1]);
      expect(settled.versions).toEqual([early.document]);
    }
  });

  it('asks about everything that is not the same', () => {
    const settled = mergeDocument({ leaves: [a, b], bases: known, rule: 'ask' });
    expect([settled.merges, settled.tombstones, settled.open.length]).toEqual([[], [], 1]);
  });

  it('ends no side in a merge that no server would take', () => {
    const tagged = (from: number) => ({ tags: Array.from({ length: 60 }, (_, n) => `tag ${from + n}`) });
    const large = (field: string) => ({ [field]: 'x'.repeat(5_000_000) });
    for (const [one, two] of [
      [tagged(0), tagged(60)],
      [large('mine'), large('yours')],
    ]) {
      const leaves = [child(root, { do: 'look', x: 1 }, 5, one), child(root, { do: 'look', x: 1 }, 6, two)];
      const settled = mergeDocument({ leaves, bases: known });
      expect([settled.merges, settled.tombstones, settled.remaining.length]).toEqual([[], [], 2]);
      expect(settled.open).toHaveLength(1);
    }
    const few = [0, 40].map((from) => child(root, { do: 'look', x: 1 }, from + 5, tagged(from)));
    expect(mergeDocument({ leaves: few, bases: known }).document?.tags).toHaveLength(100);
  });

  it('leaves it to an owner where a merge would delete', () => {
    const gone = child(root, { do: 'delete' }, 5);
    const looked = child(root, { do: 'look', x: 4 }, 6);
    const owner = mergeDocument({ leaves: [gone, looked], bases: known });
    expect(owner.document?.deleted).toBe(true);
    const editor = mergeDocument({ leaves: [gone, looked], bases: known, mayDelete: false });
    expect(editor.merges.every(({ document }) => document.deleted !== true)).toBe(true);
  });
});

describe('a leaf that a move repeated', () => {
  it('gives way to an edit of what it repeats, and is its base', () => {
    const moved = child(a, { do: 'look', x: 0 }, 1, { movedFrom: { revision: revisionOf(a) }, spaceId: 's' });
    const late = child(a, { do: 'move', node: 0, x: 1, y: 1 }, 8);
    const settled = mergeDocument({ leaves: [moved, late] });
    expect([settled.revision, settled.merges, settled.versions]).toEqual([revisionOf(late), [], []]);
    const other = child(root, { do: 'move', node: 3, x: 1, y: 1 }, 8);
    const joined = mergeDocument({ leaves: [moved, other], bases: known });
    expect(joined.document).toMatchObject({ name: 'Two' });
    expect([joined.document?.movedFrom, joined.document?.spaceId]).toEqual([undefined, undefined]);
  });
});
