import {
  compareRevisions,
  computeRevision,
  endLeaf,
  makeVersion,
  mergeDocument,
  splitRevision,
  type Leaf,
  type LeafDocument,
  type MergeRules,
  type Settlement,
} from '../../flow/index.ts';
import type { FlowDocument } from '../../schema/index.ts';

/** Devices that hold one document, in memory: leaves, bases, and what people wrote. No clock, no chance. */
export interface NetworkDevice {
  leaves: Leaf[];
  bases: Map<string, LeafDocument>;
  /** What this device wrote last. */
  own: string | null;
}

export interface NetworkOptions {
  devices: number;
  start: LeafDocument;
  /** By device: the version of its code, and its rules where they differ. */
  code: (device: number) => { mergeVersion: number; rules?: MergeRules };
}

export interface FlowNetwork {
  devices: NetworkDevice[];
  /** Contents kept as versions, on whichever device. */
  versions: Map<string, LeafDocument>;
  /** Every revision that a merge made. */
  merged: Set<string>;
  /** Edits the leaf that shows, or another one. */
  edit: (device: number, change: (document: LeafDocument) => LeafDocument, leaf?: number) => string | null;
  /** A person keeps one of the leaves and ends the others in it, which become versions. */
  choose: (device: number, leaf: number, time: string) => string | null;
  /** Copies leaves from one device to another; of several only those that `pick` names. */
  send: (from: number, to: number, pick?: (index: number) => boolean) => void;
  settle: (device: number) => Settlement;
  /** All to all, until nothing changes; throws where that does not end. */
  rest: () => void;
  live: (device: number) => Leaf[];
}

const isLive = ({ document }: Leaf) => document._deleted !== true;

function prune(leaves: Leaf[]): Leaf[] {
  const inner = new Set(leaves.flatMap(({ ancestry }) => ancestry.slice(1)));
  const known = new Map(leaves.map((leaf) => [leaf.ancestry[0], leaf]));
  return [...known.values()].filter(({ ancestry }) => !inner.has(ancestry[0] ?? ''));
}

export function createFlowNetwork({ devices: count, start, code }: NetworkOptions): FlowNetwork {
  const first: Leaf = { document: start, ancestry: [computeRevision(start)] };
  const devices: NetworkDevice[] = Array.from({ length: count }, () => ({
    leaves: [first],
    bases: new Map(),
    own: null,
  }));
  const versions = new Map<string, LeafDocument>();
  const merged = new Set<string>();
  const of = (index: number) => devices[index] as NetworkDevice;
  const live = (index: number) =>
    of(index)
      .leaves.filter(isLive)
      .toSorted((a, b) => compareRevisions(a.ancestry[0] ?? '', b.ancestry[0] ?? ''));
  const plan = (index: number) => {
    const { leaves, bases } = of(index);
    return mergeDocument({ leaves, bases, ...code(index) });
  };
  const settle = (index: number): Settlement => {
    const device = of(index);
    const settlement = plan(index);
    for (const version of settlement.versions) {
      versions.set(makeVersion(version as unknown as FlowDocument)._id, version);
    }
    const written = [...settlement.merges, ...settlement.tombstones];
    if (settlement.merges.length > 0) {
      for (const { ancestry, document } of live(index)) device.bases.set(ancestry[0] ?? '', document);
    }
    for (const { ancestry } of settlement.merges) merged.add(ancestry[0] ?? '');
    device.leaves = prune([...device.leaves, ...written]);
    return settlement;
  };
  return {
    devices,
    versions,
    merged,
    live,
    settle,
    edit(index, change, leaf = 0) {
      const device = of(index);
      const choice = live(index);
      const current = choice[leaf % Math.max(1, choice.length)];
      const parent = current?.ancestry[0];
      if (!current || parent === undefined) return null;
      if (device.own !== parent) device.bases.set(parent, current.document);
      const { mergeVersion: _version, mergedFrom: _from, ...document } = change(current.document);
      const next = document as LeafDocument;
      const revision = computeRevision(next, splitRevision(parent)[0] + 1, parent);
      if (revision === parent) return null;
      device.leaves = prune([
        ...device.leaves,
        { document: next, ancestry: [revision, ...current.ancestry] },
      ]);
      device.own = revision;
      return revision;
    },
    choose(index, leaf, time) {
      const device = of(index);
      const all = live(index);
      const kept = all[leaf % Math.max(1, all.length)];
      if (!kept || all.length < 2) return null;
      const others = all.filter((one) => one !== kept);
      for (const { document, ancestry } of all) device.bases.set(ancestry[0] ?? '', document);
      const revision = this.edit(index, (document) => ({ ...document, updatedAt: time }), all.indexOf(kept));
      if (revision === null) return null;
      for (const { document } of others) {
        versions.set(makeVersion(document as unknown as FlowDocument)._id, document);
      }
      device.leaves = prune([...device.leaves, ...others.map((other) => endLeaf(other, revision))]);
      return revision;
    },
    send(from, to, pick = () => true) {
      const sent = of(from).leaves.filter((_, index) => pick(index));
      of(to).leaves = prune([...of(to).leaves, ...sent]);
    },
    rest() {
      const print = () =>
        JSON.stringify(
          devices.map(({ leaves }) => leaves.map(({ ancestry }) => ancestry[0] ?? '').toSorted()),
        );
      for (let round = 0; round < 12; round += 1) {
        const before = print();
        for (const from of devices.keys()) for (const to of devices.keys()) this.send(from, to);
        for (const index of devices.keys()) settle(index);
        if (print() === before) return;
      }
      throw new Error('The devices never come to rest.');
    },
  };
}
