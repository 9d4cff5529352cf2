import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, mergeFlows } from '../../flow/index.ts';
import type { FlowContent } from '../../schema/index.ts';
import { editFlow, flowEdit, startFlow, timeOf, type FlowEdit } from '../support/flow-edits.ts';

const base = startFlow();
const edits = fc.array(fc.record({ edit: flowEdit, at: fc.integer({ min: 1, max: 4 }) }), { maxLength: 6 });

function apply(flow: FlowContent, steps: { edit: FlowEdit; at: number }[]): FlowContent {
  return steps.reduce((before, { edit, at }) => editFlow(before, edit, timeOf(at)), flow);
}

const side = edits.map((steps) => apply(base, steps));
const runs = { numRuns: 200 };
const text = (value: unknown) => canonicalJson(value);

test('the order of the sides never matters', () => {
  fc.assert(
    fc.property(fc.array(side, { minLength: 2, maxLength: 4 }), fc.boolean(), (sides, based) => {
      const start = based ? base : null;
      const forward = mergeFlows({ base: start, sides });
      const backward = mergeFlows({ base: start, sides: sides.toReversed() });
      expect(text(backward.merged)).toBe(text(forward.merged));
      const turned = backward.conflicts.map((conflict) => ({
        ...conflict,
        sides: conflict.sides.toReversed(),
      }));
      expect(text(turned)).toBe(text(forward.conflicts));
      expect(text(backward.repaired)).toBe(text(forward.repaired));
    }),
    runs,
  );
});

test('a side merged with itself, or with the base, is that side', () => {
  fc.assert(
    fc.property(side, (one) => {
      const twice = mergeFlows({ base, sides: [one, one] });
      expect([text(twice.merged), twice.conflicts, twice.repaired]).toEqual([text(one), [], []]);
      const alone = mergeFlows({ base, sides: [base, one] });
      expect([text(alone.merged), alone.conflicts, alone.repaired]).toEqual([text(one), [], []]);
    }),
    runs,
  );
});

test('a merge without conflicts, merged with one of its sides, is that merge', () => {
  fc.assert(
    fc.property(side, side, (a, b) => {
      const { merged, conflicts } = mergeFlows({ base, sides: [a, b] });
      fc.pre(conflicts.length === 0);
      const again = mergeFlows({ base, sides: [merged, a] });
      expect(text(again.merged)).toBe(text(merged));
      expect(again.conflicts).toEqual([]);
    }),
    runs,
  );
});

test('three sides give the same whichever two are merged first, where nothing is disputed', () => {
  fc.assert(
    fc.property(side, side, side, (a, b, c) => {
      const together = mergeFlows({ base, sides: [a, b, c] });
      const ab = mergeFlows({ base, sides: [a, b] });
      const bc = mergeFlows({ base, sides: [b, c] });
      fc.pre([together, ab, bc].every(({ conflicts, repaired }) => conflicts.length + repaired.length === 0));
      const left = mergeFlows({ base, sides: [ab.merged, c] });
      const right = mergeFlows({ base, sides: [a, bc.merged] });
      fc.pre(left.conflicts.length + right.conflicts.length === 0);
      expect(text(contentOf(left.merged))).toBe(text(contentOf(right.merged)));
    }),
    runs,
  );
});

/** Order and looks aside: who comes first where two people added behind the same node depends on who met whom. */
function contentOf({ flow, tags, ...fields }: FlowContent): unknown {
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
  const nodes = flow.nodes.map(({ selected: _selected, ...node }) => node);
  return {
    ...fields,
    tags: tags?.toSorted(),
    nodes: nodes.toSorted(byId),
    edges: flow.edges.toSorted(byId),
  };
}

test('whatever one side alone changed is in the merge', () => {
  fc.assert(
    fc.property(side, side, (a, b) => {
      const { merged, conflicts } = mergeFlows({ base, sides: [a, b] });
      fc.pre(conflicts.length === 0);
      for (const field of ['name', 'description', 'category', 'own'] as const) {
        for (const one of [a, b]) if (one[field] !== base[field]) expect(merged[field]).toEqual(one[field]);
      }
      const ids = new Set(merged.flow.nodes.map(({ id }) => id));
      for (const one of [a, b]) {
        for (const node of one.flow.nodes) {
          const before = base.flow.nodes.find(({ id }) => id === node.id);
          if (!before) expect(ids).toContain(node.id);
          const now = merged.flow.nodes.find(({ id }) => id === node.id);
          if (before && now && text(node.position) !== text(before.position)) {
            expect(now.position).toEqual(node.position);
          }
        }
      }
    }),
    runs,
  );
});

test('no edge of a merge leads to a node that the merge took away', () => {
  fc.assert(
    fc.property(side, side, (a, b) => {
      const { merged } = mergeFlows({ base, sides: [a, b] });
      const ids = new Set(merged.flow.nodes.map(({ id }) => id));
      for (const { source, target } of merged.flow.edges)
        expect([ids.has(source), ids.has(target)]).toEqual([true, true]);
    }),
    runs,
  );
});
