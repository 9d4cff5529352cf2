import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import type { SpaceUsage } from '../../schema/index.ts';
import type { QuotaLimits } from '../config.ts';
import { sum, type Amount, type UsageMeter } from './usage-meter.ts';
import type { Access, Space, Spaces } from './spaces.ts';

/** A document that somebody wants to write. */
export interface IntendedWrite {
  /** Its size as it came; what the engine makes of it is measured later. */
  bytes: number;
  /** False for a revision of a document that is there, as far as can be seen. */
  isNew: boolean;
  /** How many documents it is; one where it is not said. */
  documents?: number;
  /** A tombstone always finds room; a document that only says that it is deleted finds a little. */
  deletion: 'none' | 'marked' | 'tombstone';
}

/** What one request may write. */
export interface Room {
  /** Why a document must be refused; null where it may be written, and it counts from then on. */
  refusal(write: IntendedWrite): string | null;
  /** The same for what is only asked about. */
  wouldRefuse(write: IntendedWrite): string | null;
}

export interface QuotaEvent extends SpaceUsage {
  spaceId: string;
}

/** How much spaces may hold, and how much they do. */
export interface Quota {
  usageOf(space: Pick<Space, 'id' | 'database'>): Promise<SpaceUsage>;
  /** `from` is the space that what is to be written leaves: its owners have no more than before. */
  room(access: Access, options?: { from?: string }): Promise<Room>;
  /** Told when a space comes near its limit, reaches it, or has room again. */
  onChange(listener: (event: QuotaEvent) => void): () => void;
}

/** Something that has a limit, and what is in it now. */
interface Bound {
  what: string;
  limit: Amount;
  used: () => Amount;
}

const warningShare = 0.8;
/** So far past a limit documents that are there may still be changed, and marked as deleted. */
const leeway = 1.1;
const ownedMilliseconds = 30_000;

const unlimited: Amount = { documents: 0, bytes: 0 };

/** Room for everything. */
export const boundless: Room = { refusal: () => null, wouldRefuse: () => null };

export function createQuota(options: {
  meter: UsageMeter;
  spaces: Pick<Spaces, 'members' | 'memberships'>;
  limits: QuotaLimits;
}): Quota {
  const { meter, spaces, limits } = options;
  const owned = new LRUCache<string, Space[]>({ ...atMost(20_000), ttl: ownedMilliseconds });
  const told = new LRUCache<string, number>(atMost(20_000));
  const listeners = new Set<(event: QuotaEvent) => void>();
  const isLimited = (limit: Amount): boolean => limit.documents > 0 || limit.bytes > 0;

  function usage(amount: Amount): SpaceUsage {
    const { documents, bytes } = amount;
    return { documents, bytes, quota: { ...limits.space }, warning: levelOf(amount, limits.space) > 0 };
  }

  function tell(spaceId: string, amount: Amount): void {
    const level = levelOf(amount, limits.space);
    if (level === (told.get(spaceId) ?? 0)) return;
    told.set(spaceId, level);
    for (const listener of listeners) listener({ spaceId, ...usage(amount) });
  }

  meter.onMeasured((space, amount) => tell(space.id, amount));

  async function ownedBy(userId: string): Promise<Space[]> {
    const known = owned.get(userId);
    if (known) return known;
    const found = (await spaces.memberships(userId)).filter(({ role }) => role === 'owner');
    const own = found.map(({ space }) => space);
    owned.set(userId, own);
    return own;
  }

  /** What the owners of a space hold; where it has several, the one with the most room counts. */
  async function ownersOf(space: Space, from?: string): Promise<Bound[]> {
    const members = await spaces.members(space.id, null);
    const owners = members.filter(({ role }) => role === 'owner');
    return Promise.all(
      owners.map(async ({ userId }) => {
        const own = await ownedBy(userId);
        const amounts = await Promise.all(own.map((each) => meter.amountOf(each)));
        const limit = own.some(({ id }) => id === from) ? unlimited : limits.user;
        return { what: 'the spaces of its owner have', limit, used: () => sum(amounts) };
      }),
    );
  }

  async function room({ space, database }: Access, from?: string): Promise<Room> {
    const amount = await meter.amountOf(space);
    const own: Bound = { what: 'this space has', limit: limits.space, used: () => amount };
    const owners = isLimited(limits.user) ? await ownersOf(space, from) : [];
    const wouldRefuse: Room['wouldRefuse'] = (write) => {
      const byOwners = owners.map((bound) => refusalBy(bound, write));
      return refusalBy(own, write) ?? (byOwners.includes(null) ? null : (byOwners[0] ?? null));
    };
    return {
      wouldRefuse,
      refusal(write) {
        const reason = wouldRefuse(write);
        if (reason !== null) return reason;
        const documents = write.deletion === 'tombstone' ? -1 : Number(write.isNew) * (write.documents ?? 1);
        meter.add(space, database, { documents, bytes: write.bytes });
        tell(space.id, amount);
        return null;
      },
    };
  }

  return {
    usageOf: async (space) => usage(await meter.amountOf(space, { fresh: true })),
    room: (access, { from } = {}) =>
      isLimited(limits.space) || isLimited(limits.user)
        ? // Where nothing can be measured, nothing is refused: the engine has its own answer to the write.
          room(access, from).catch(() => boundless)
        : Promise.resolve(boundless),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** 0: there is room; 1: not much; 2: none. */
function levelOf(amount: Amount, limit: Amount): number {
  const share = Math.max(
    limit.documents > 0 ? amount.documents / limit.documents : 0,
    limit.bytes > 0 ? amount.bytes / limit.bytes : 0,
  );
  if (share >= 1) return 2;
  return share >= warningShare ? 1 : 0;
}

function refusalBy(
  { what, limit, used }: Bound,
  { bytes, isNew, deletion, documents: count = 1 }: IntendedWrite,
): string | null {
  if (deletion === 'tombstone') return null;
  const amount = used();
  const documents = isNew && deletion === 'none' ? limit.documents : limit.documents * leeway;
  if (limit.documents > 0 && amount.documents + count - 1 >= documents) {
    return `quota_exceeded: ${what} the ${limit.documents} documents that it may have. Delete some first.`;
  }
  const most = deletion === 'marked' ? limit.bytes * leeway : limit.bytes;
  if (limit.bytes > 0 && amount.bytes + bytes > most) {
    return `quota_exceeded: ${what} the ${inMegabytes(limit.bytes)} that it may have. Delete something first.`;
  }
  return null;
}

function inMegabytes(bytes: number): string {
  const megabytes = bytes / 1024 ** 2;
  return `${megabytes < 10 ? megabytes.toFixed(1) : Math.round(megabytes)} MB`;
}
