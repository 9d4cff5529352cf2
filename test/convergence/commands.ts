import {
  array,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  record,
  type Arbitrary,
  type WeightedArbitrary,
} from 'fast-check';
import type { Role } from './model.ts';
import type { Change } from './values.ts';

/** What somebody does next. The numbers choose among what is there when it is done. */
export type Command =
  | Each<'create', { device: number; space: number }>
  | Each<'edit', { device: number; flow: number; changes: Change[] }>
  | Each<'hold', { device: number; flow: number }>
  | Each<'save-held', { device: number; changes: Change[] }>
  | Each<'remove' | 'restore' | 'keep-version' | 'restore-version', { device: number; flow: number }>
  | Each<'delete-for-good', { device: number; flow: number }>
  | Each<'resolve', { device: number; choice: 'local' | 'server' | 'merged' }>
  | Each<'offline' | 'online' | 'restart' | 'crash' | 'sync', { device: number }>
  | Each<'team', { person: number }>
  | Each<'invite', { person: number; space: number; role: Role }>
  | Each<'role', { person: number; space: number; role: Role }>
  | Each<'revoke' | 'leave', { person: number; space: number }>
  | Each<'share', { flow: number; person: number; role: Role }>
  | Each<'unshare', { flow: number; person: number }>
  | Each<'move', { flow: number; space: number }>
  | Each<'kill', { after: number }>
  | Each<'wait', { milliseconds: number }>;

type Each<Kind extends string, Fields> = Kind extends string ? { kind: Kind } & Fields : never;
export type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

const any = nat({ max: 1_000_000 });
const device = any;
const kind = <K extends string>(...kinds: K[]): Arbitrary<K> => constantFrom(...kinds);

const change: Arbitrary<Change> = oneof(
  {
    weight: 4,
    arbitrary: record({ kind: kind('field'), field: kind('name', 'description', 'readme', 'note') }),
  },
  {
    weight: 6,
    arbitrary: record({
      kind: kind('node'),
      node: any,
      part: kind('label', 'prompt', 'color', 'position'),
    }),
  },
  { weight: 1, arbitrary: record({ kind: kind('add-node') }) },
  { weight: 1, arbitrary: record({ kind: kind('remove-node'), node: any }) },
  { weight: 1, arbitrary: record({ kind: kind('add-edge'), from: any, to: any }) },
  { weight: 1, arbitrary: record({ kind: kind('edge'), edge: any }) },
  { weight: 1, arbitrary: record({ kind: kind('remove-edge'), edge: any }) },
);
const changes = array(change, { minLength: 1, maxLength: 3 });
const weighed = <T>(weight: number, arbitrary: Arbitrary<T>): WeightedArbitrary<T> => ({
  weight,
  arbitrary,
});

const onFlows = [
  weighed(4, record({ kind: kind('create'), device, space: any })),
  weighed(22, record({ kind: kind('edit'), device, flow: any, changes })),
  weighed(3, record({ kind: kind('hold'), device, flow: any })),
  weighed(4, record({ kind: kind('save-held'), device, changes })),
  weighed(
    3,
    record({ kind: kind('remove', 'restore', 'keep-version', 'restore-version'), device, flow: any }),
  ),
  weighed(1, record({ kind: kind('delete-for-good'), device, flow: any })),
  weighed(2, record({ kind: kind('resolve'), device, choice: kind('local', 'server', 'merged') })),
];
const onDevices = [
  weighed(8, record({ kind: kind('offline', 'online', 'online', 'sync'), device })),
  weighed(2, record({ kind: kind('restart', 'crash'), device })),
  weighed(3, record({ kind: kind('wait'), milliseconds: nat({ max: 150 }) })),
];
const onSpaces = [
  weighed(2, record({ kind: kind('team'), person: any })),
  weighed(
    6,
    record({
      kind: kind('invite'),
      person: any,
      space: any,
      role: kind('editor', 'editor', 'viewer', 'owner'),
    }),
  ),
  weighed(2, record({ kind: kind('role'), person: any, space: any, role: kind('editor', 'viewer') })),
  weighed(3, record({ kind: kind('revoke', 'leave'), person: any, space: any })),
  weighed(2, record({ kind: kind('share'), flow: any, person: any, role: kind('editor', 'viewer') })),
  weighed(1, record({ kind: kind('unshare'), flow: any, person: any })),
  weighed(3, record({ kind: kind('move'), flow: any, space: any })),
];
const kill = weighed(1, record({ kind: kind('kill'), after: nat({ max: 60 }) }));

/** Everything that happens in one run. */
export interface Plan {
  seed: number;
  people: number;
  devices: number;
  trouble: number;
  commands: Command[];
}

export interface PlanOptions {
  /** The most commands of one run. */
  length: number;
  /** Whether there are several people and what they share. */
  shared: boolean;
  kills: boolean;
}

/** Plans of runs; the same seed of the campaign gives the same plans. */
export function plans({ length, shared, kills }: PlanOptions): Arbitrary<Plan> {
  const choices = [...onFlows, ...onDevices, ...(shared ? onSpaces : []), ...(kills ? [kill] : [])];
  return record({
    seed: nat({ max: 2 ** 30 }),
    people: shared ? integer({ min: 2, max: 4 }) : constant(1),
    devices: integer({ min: 3, max: 6 }),
    trouble: constantFrom(0, 0.02, 0.1),
    commands: array(oneof(...(choices as WeightedArbitrary<Command>[])), {
      minLength: Math.ceil(length / 3),
      maxLength: length,
      size: 'max',
    }),
  });
}

/** What every run begins with, on a good network, so that the rest has something to be done to. */
export function opening({ people, devices }: Plan): Command[] {
  const others = Array.from({ length: people - 1 }, (_, n) => n + 1);
  const role = (n: number): Role => (n === 2 ? 'viewer' : 'editor');
  const sync = Array.from({ length: devices }, (_, n): Command => ({ kind: 'sync', device: n }));
  return [
    { kind: 'create', device: 0, space: 0 },
    ...(others.length === 0 ? [] : [{ kind: 'team', person: 0 } as const]),
    ...others.map((n) => ({ kind: 'invite', person: n, space: 0, role: role(n) }) as const),
    ...(others.length === 0 ? [] : [...sync, { kind: 'wait', milliseconds: 300 } as const]),
    { kind: 'create', device: 0, space: 1 },
    ...sync,
    ...sync,
  ];
}
