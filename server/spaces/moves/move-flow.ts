import { randomUUID } from 'node:crypto';
import { SetteeError } from '../../errors.ts';
import { roleIn } from '../membership.ts';
import { databaseOf, type SpaceDocument } from '../space-document.ts';
import type { Role } from '../spaces.ts';
import { readFlowLeaves } from './copy-flow.ts';
import type { MoveServices } from './finish-move.ts';
import { isLive } from './flow-leaves.ts';
import type { FlowTurns } from './flow-turns.ts';
import { carryLate } from './late-edits.ts';
import { movePrefix, type MoveDocument } from './move-journal.ts';

export interface MoveRequest {
  flowId: string;
  /** Ids of spaces. */
  from: string;
  to: string;
  /** An owner of the source who may write in the target. */
  by: string;
  /** Makes the target first, as a space of one flow; `by` owns it. */
  create?: { name: string; members: Record<string, Role> };
}

const mostAttempts = 20;

/** Moves flows: what is asked for is written in the journal, and then finished as after a crash. */
export function createMoveFlow(options: {
  services: MoveServices;
  turns: FlowTurns;
  finish: (move: MoveDocument) => Promise<void>;
  /** Told of a move once the journal has it. */
  onBegun: (flowId: string) => void;
  clock: () => Date;
}): (request: MoveRequest) => Promise<void> {
  const { services, turns, finish, onBegun, clock } = options;
  const { journal } = services;

  async function tryToMove(request: MoveRequest): Promise<'done' | 'again'> {
    const { flowId, from, to } = request;
    const current = await journal.read(flowId);
    if (current?.state === 'moving') {
      await finish(current);
      return 'again';
    }
    if (current?.left.includes(from)) await carryLate(services, { spaceId: from, flowId, writers: null });
    if (current?.to === to && current.left.includes(from)) return 'done';
    if (current?.left.includes(from) || !(await mayMove(services, request))) {
      throw new SetteeError('not_found', 'There is no such flow in this space.');
    }
    const written = await journal.write(newMove(request, current, clock()));
    if (written === null) return 'again';
    onBegun(flowId);
    await finish(written);
    const over = await journal.read(flowId);
    if (over?.moveId === written.moveId && over.to !== to) {
      throw new SetteeError('not_found', 'There is no such space.');
    }
    return 'done';
  }

  return async (request) => {
    if (request.from === request.to) return;
    await turns(request.flowId, async () => {
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        if ((await tryToMove(request)) === 'done') return;
      }
      throw new SetteeError('conflict', 'This flow is being moved by others; try again.');
    });
  };
}

/** True where the flow is there; throws where the caller may not move it. */
async function mayMove(
  { couch, directory }: MoveServices,
  { flowId, from, to, by, create }: MoveRequest,
): Promise<boolean> {
  const source = await directory.read(from);
  assertRoles({ source, target: create ? undefined : await directory.read(to), by });
  if (!source) return false;
  const scope = couch.admin<object>(databaseOf(source, couch.prefix));
  return (await readFlowLeaves(scope, flowId)).some(isLive);
}

function newMove(
  { flowId, from, to, by, create }: MoveRequest,
  current: MoveDocument | null,
  now: Date,
): MoveDocument {
  // Anybody may make a flow with an id that he knows: only where this one comes from what was left is known of it.
  const before = current?.to === from ? current.left : [];
  const left = [...new Set([...before, from])].filter((spaceId) => spaceId !== to);
  return {
    ...(current?._rev === undefined ? {} : { _rev: current._rev }),
    _id: `${movePrefix}${flowId}`,
    type: 'move',
    flowId,
    moveId: randomUUID(),
    state: 'moving',
    from,
    to,
    by,
    startedAt: now.toISOString(),
    left,
    ...(create === undefined ? {} : { create }),
  };
}

function assertRoles({
  source,
  target,
  by,
}: {
  source: SpaceDocument | null;
  /** Undefined where it is to be made. */
  target: SpaceDocument | null | undefined;
  by: string;
}): void {
  const role = roleIn(source, by);
  if (role === null) throw new SetteeError('not_found', 'There is no such flow in this space.');
  if (role !== 'owner') throw new SetteeError('forbidden', 'Only an owner of the space moves its flows.');
  if (target === undefined) return;
  const there = target?.kind === 'templates' ? null : roleIn(target, by);
  if (there === null) throw new SetteeError('not_found', 'There is no such space.');
  if (there === 'viewer') throw new SetteeError('read_only', 'Your role in the other space is viewer.');
}
