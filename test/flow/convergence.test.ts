import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowRules, mergeDocument, type LeafDocument, type MergeRules } from '../../flow/index.ts';
import { createFlowNetwork, type FlowNetwork } from '../support/flow-network.ts';
import { startFlow, timeOf } from '../support/flow-edits.ts';

const start: LeafDocument = {
  _id: 'flow:00000000-0000-4000-8000-000000000001',
  type: 'flow',
  schemaVersion: 1,
  ...startFlow(),
};

type Graph = { nodes: { id: string; data: Record<string, unknown> }[]; edges: unknown[] };

/** Who wrote what, knowing what; kept apart from the documents. */
interface Write {
  id: number;
  field: string;
  value: string;
  revision: string;
}

const fields = ['name', 'description', 'category', 'a.p', 'a.q', 'b.p', 'c.p'];

function setField(document: LeafDocument, field: string, value: string): LeafDocument {
  const [first = '', second] = field.split('.');
  if (second === undefined) return { ...document, [first]: value };
  const flow = document.flow as Graph;
  const nodes = flow.nodes.map((node) =>
    node.id === first ? { ...node, data: { ...node.data, [second]: value } } : node,
  );
  return { ...document, flow: { ...flow, nodes } };
}

function getField(document: LeafDocument, field: string): unknown {
  const [first = '', second] = field.split('.');
  if (second === undefined) return document[first];
  return (document.flow as Graph).nodes.find(({ id }) => id === first)?.data[second];
}

type Step =
  | { do: 'edit'; device: number; field: number; leaf: number }
  | { do: 'send'; from: number; to: number; mask: number }
  | { do: 'choose'; device: number; leaf: number }
  | { do: 'settle'; device: number };

function stepOf(devices: number): fc.Arbitrary<Step> {
  const device = fc.integer({ min: 0, max: devices - 1 });
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('edit' as const),
        device,
        field: fc.integer({ min: 0, max: fields.length - 1 }),
        leaf: fc.constantFrom(0, 0, 0, 1),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        from: device,
        to: device,
        mask: fc.integer({ min: 1, max: 15 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const), device }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('choose' as const), device, leaf: fc.constantFrom(0, 1) }),
    },
  );
}

interface Played {
  network: FlowNetwork;
  writes: Write[];
  knows: Map<string, ReadonlySet<number>>;
}

/** What a person who sees a device's leaf knows of: the writes that went into it. */
function play(
  steps: Step[],
  devices: number,
  code: (device: number) => { mergeVersion: number; rules?: MergeRules },
): Played {
  const network = createFlowNetwork({ devices, start, code });
  const writes: Write[] = [];
  const knows = new Map<string, ReadonlySet<number>>();
  const knownIn = (document: LeafDocument, ancestry: readonly string[]): Set<number> => {
    const seen = ancestry.flatMap((revision) => [...(knows.get(revision) ?? [])]);
    const merged = ((document.mergedFrom ?? []) as string[]).flatMap((revision) => [
      ...(knows.get(revision) ?? []),
    ]);
    return new Set([...seen, ...merged]);
  };
  for (const [at, step] of steps.entries()) {
    if (step.do === 'send') network.send(step.from, step.to, (index) => (step.mask >> (index % 4)) % 2 === 1);
    if (step.do === 'settle') network.settle(step.device);
    for (const { document, ancestry } of network.live(step.do === 'send' ? step.to : step.device)) {
      const revision = ancestry[0] ?? '';
      if (!knows.has(revision)) knows.set(revision, knownIn(document, ancestry));
    }
    if (step.do === 'choose') {
      const before = network
        .live(step.device)
        .flatMap(({ ancestry }) => [...(knows.get(ancestry[0] ?? '') ?? [])]);
      const revision = network.choose(step.device, step.leaf, timeOf(at + 1));
      if (revision !== null) knows.set(revision, new Set(before));
    }
    if (step.do !== 'edit') continue;
    const field = fields[step.field] as string;
    const value = `w${at}`;
    const leaves = network.live(step.device);
    const chosen = leaves[step.leaf % leaves.length];
    const revision = network.edit(
      step.device,
      (document) => ({ ...setField(document, field, value), updatedAt: timeOf(at + 1) }),
      step.leaf,
    );
    if (revision === null || !chosen) continue;
    const write = { id: writes.length, field, value, revision };
    knows.set(revision, new Set([...knownIn(chosen.document, chosen.ancestry), write.id]));
    writes.push(write);
  }
  return { network, writes, knows };
}

function assertRest({ network, writes, knows }: Played): void {
  network.rest();
  const leaves = network.devices.map(({ leaves: own }) =>
    own.map(({ ancestry }) => ancestry[0] ?? '').toSorted(),
  );
  for (const own of leaves) expect(own).toEqual(leaves[0]);
  const live = network.live(0);
  expect(live.length).toBeGreaterThan(0);
  const kept = [...live.map(({ document }) => document), ...network.versions.values()];
  for (const write of writes) {
    const isReplaced = writes.some(
      (other) =>
        other.id !== write.id && other.field === write.field && knows.get(other.revision)?.has(write.id),
    );
    if (isReplaced) continue;
    const found = kept.some((document) => getField(document, write.field) === write.value);
    expect(found, `${write.field} = ${write.value} is nowhere`).toBe(true);
  }
  const bases = new Map(network.devices.flatMap((device) => [...device.bases]));
  const settled = mergeDocument({ leaves: network.devices[0]?.leaves ?? [], bases });
  expect([settled.merges, settled.tombstones]).toEqual([[], []]);
  for (const { missing, conflicts } of settled.open)
    expect([missing, conflicts.length > 0]).toEqual([[], true]);
}

const numRuns = Number(process.env.SETTEE_RUNS ?? 250);

test('devices that see leaves in any order and number come to the same, and nothing that was written is lost', () => {
  let most = 0;
  fc.assert(
    fc.property(
      fc
        .integer({ min: 2, max: 5 })
        .chain((devices) => fc.tuple(fc.constant(devices), fc.array(stepOf(devices), { maxLength: 40 }))),
      ([devices, steps]) => {
        const played = play(steps, devices, () => ({ mergeVersion: 1 }));
        assertRest(played);
        most = Math.max(most, played.network.merged.size / Math.max(1, played.writes.length));
      },
    ),
    { numRuns },
  );
  // Each edit starts a few merges at most: there is no ping-pong.
  expect(most).toBeLessThan(8);
});

/** Rules that say something else of every merge, as another version of the code might: no two of them ever agree. */
function rulesOf(version: number): MergeRules {
  const bare = ({ weight: _weight, ...document }: LeafDocument): LeafDocument => document;
  const weightOf = ({ weight }: LeafDocument) => Number(weight ?? 0);
  return {
    ...flowRules,
    combine(base, [a, b]) {
      const combined = flowRules.combine(base && bare(base), [bare(a), bare(b)]);
      const weight = version + weightOf(a) + weightOf(b);
      return { ...combined, content: { ...combined.content, weight } };
    },
  };
}

test('two versions of the rules side by side come to rest as well', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 2, max: 5 })
        .chain((devices) => fc.tuple(fc.constant(devices), fc.array(stepOf(devices), { maxLength: 40 }))),
      ([devices, steps]) => {
        const code = (device: number) => ({
          mergeVersion: 1 + (device % 2),
          rules: rulesOf(1 + (device % 2)),
        });
        const played = play(steps, devices, code);
        assertRest(played);
      },
    ),
    { numRuns },
  );
});
