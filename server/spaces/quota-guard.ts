import { setTimeout as wait } from 'node:timers/promises';
import type nano from 'nano';
import { SetteeError } from '../errors.ts';
import type { IntendedWrite, Quota } from './quota.ts';
import { assertNone, assertRoomForCopy, assertRoomForMove } from './quota-of-moves.ts';
import type { Access, Spaces } from './spaces.ts';

/** How a document weighs on the quota; its bytes are those of its JSON. */
function weigh(document: unknown, isReplicated: boolean): IntendedWrite {
  const field = (name: string): unknown =>
    typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined;
  const revision = field('_rev');
  const isNew = typeof revision !== 'string' || (isReplicated && revision.startsWith('1-'));
  const marked = field('deleted') === true ? 'marked' : 'none';
  return {
    bytes: Buffer.byteLength(JSON.stringify(document) ?? ''),
    isNew,
    deletion: field('_deleted') === true ? 'tombstone' : marked,
  };
}

/**
 * Throws where a membership has ended or was lowered since the scope was opened: a call may wait long between the two.
 * The memory of the directory answers, so it costs no request.
 */
async function assertStill(
  spaces: Pick<Spaces, 'access'>,
  { userId, database, role }: Access,
): Promise<void> {
  const now = await spaces.access(userId, database);
  if (now === null) throw new SetteeError('not_found', 'There is no such space.');
  if (now.role === 'viewer' && role !== 'viewer') {
    throw new SetteeError(
      'read_only',
      'Your role in this space is viewer: you may read there and not write.',
    );
  }
  if (now.role === 'editor' && role === 'owner') {
    throw new SetteeError('conflict', 'Your role in this space has just changed; try again.');
  }
}

type Write = (...given: unknown[]) => Promise<unknown>;

/** Makes a write with a caller's rights, which the end or change of his membership waits for. */
type WaitedFor = <T>(access: Access, write: () => Promise<T>) => Promise<T>;

/** How long the end or change of a membership waits for writes, as in the proxy. */
const storingMilliseconds = 5000;

/** Listens for as long as there are spaces. */
function createWaitedFor({ onRevoked }: Pick<Spaces, 'onRevoked'>): WaitedFor {
  const underWay = new Map<Promise<unknown>, Access>();
  onRevoked(async ({ userId, spaceId }) => {
    const his = [...underWay].filter(([, of]) => of.userId === userId && of.space.id === spaceId);
    const stored = Promise.allSettled(his.map(([written]) => written));
    await Promise.race([stored, wait(storingMilliseconds, undefined, { ref: false })]);
  });
  return async (access, write) => {
    const written = write();
    underWay.set(written, access);
    try {
      return await written;
    } finally {
      underWay.delete(written);
    }
  };
}

interface GuardServices {
  spaces: Pick<Spaces, 'access'>;
  quota: Pick<Quota, 'room'>;
  waitedFor: WaitedFor;
}

/** Refuses in a scope of the caller what he may not write any more, and with `quota_exceeded` what there is no room for. */
function guard<D>(
  scope: nano.DocumentScope<D>,
  access: Access,
  { spaces, quota, waitedFor }: GuardServices,
): nano.DocumentScope<D> {
  function before(name: 'insert' | 'bulk', writesOf: (first: unknown) => IntendedWrite[]): void {
    const write = Reflect.get(scope, name) as Write;
    const guarded: Write = async (first, ...rest) => {
      const room = await quota.room(access);
      // The look at the role belongs to it: a change of the role that comes after the look waits for the write.
      return waitedFor(access, async () => {
        await assertStill(spaces, access);
        for (const intended of writesOf(first)) assertNone(room.refusal(intended));
        return write(first, ...rest);
      });
    };
    Reflect.set(scope, name, guarded);
  }
  before('insert', (document) => [weigh(document, false)]);
  before('bulk', (body) => {
    const { docs = [], new_edits: newEdits } = body as { docs?: unknown[]; new_edits?: boolean };
    return docs.map((document) => weigh(document, newEdits === false));
  });
  return scope;
}

/** The spaces as callers use them who write on behalf of users: `open` gives scopes that refuse. */
export function withQuota(spaces: Spaces, quota: Pick<Quota, 'room'>): Spaces {
  const services = { spaces, quota, waitedFor: createWaitedFor(spaces) };
  return {
    ...spaces,
    moves: {
      ...spaces.moves,
      assertRoom: (request) => assertRoomForMove(services, request, 'wouldRefuse'),
      async moveFlow(request) {
        await assertRoomForMove(services, request, 'refusal');
        await spaces.moves.moveFlow(request);
      },
    },
    templates: {
      ...spaces.templates,
      async copyAssets(document, to) {
        await assertRoomForCopy(services, document, to);
        await spaces.templates.copyAssets(document, to);
      },
    },
    open: <D>(access: Access) => guard<D>(spaces.open<D>(access), access, services),
  };
}
