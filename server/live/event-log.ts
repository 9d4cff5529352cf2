import { randomBytes } from 'node:crypto';

/** A database that was written, and the space it belongs to. */
export interface Hint {
  spaceId: string;
  database: string;
}

/** What was sent lately, so that a stream that broke goes on where it was. Each hint of a database replaces the one before. */
export interface EventLog {
  /** Changes with every start of the process: ids of another one mean nothing. */
  readonly bootId: string;
  /** The id of the latest event. */
  lastId(): string;
  /** Notes a hint and returns its id. */
  hint(hint: Hint): string;
  /** Notes that a user's memberships changed and returns the event's id; what came before is not enough for him. */
  touch(userId: string): string;
  /** What a user with these spaces missed after an event; null where that is not known, and he must look at everything. */
  missed(id: string | undefined, userId: string, isMember: (spaceId: string) => boolean): Hint[] | null;
}

interface Noted<T> {
  count: number;
  value: T;
}

/** Keeps the latest, in order; `floor` counts what was let go. */
function createMemory<T>(most: number) {
  const noted = new Map<string, Noted<T>>();
  let floor = 0;
  return {
    note(key: string, count: number, value: T): void {
      noted.delete(key);
      noted.set(key, { count, value });
      if (noted.size <= most) return;
      const [[oldest, { count: lost }]] = noted as unknown as [[string, Noted<T>]];
      noted.delete(oldest);
      floor = lost;
    },
    get: (key: string) => noted.get(key),
    values: () => noted.values(),
    knowsAllAfter: (count: number) => count >= floor,
  };
}

/** `remembered` bounds both the databases and the users that are kept. */
export function createEventLog({ remembered }: { remembered: number }): EventLog {
  const bootId = randomBytes(6).toString('hex');
  const hints = createMemory<Hint>(remembered);
  const touched = createMemory<null>(remembered);
  let count = 0;

  function countOf(id: string | undefined): number | null {
    const [boot, text = '', ...rest] = (id ?? '').split('-');
    if (boot !== bootId || rest.length > 0 || !/^\d{1,15}$/.test(text)) return null;
    return Number(text) <= count ? Number(text) : null;
  }

  const lastId = (): string => `${bootId}-${count}`;
  return {
    bootId,
    lastId,
    hint(hint) {
      count += 1;
      hints.note(hint.database, count, hint);
      return lastId();
    },
    touch(userId) {
      count += 1;
      touched.note(userId, count, null);
      return lastId();
    },
    missed(id, userId, isMember) {
      const from = countOf(id);
      if (from === null || !hints.knowsAllAfter(from) || !touched.knowsAllAfter(from)) return null;
      if ((touched.get(userId)?.count ?? 0) > from) return null;
      const found: Hint[] = [];
      for (const { count: at, value } of hints.values()) {
        if (at > from && isMember(value.spaceId)) found.push(value);
      }
      return found;
    },
  };
}
