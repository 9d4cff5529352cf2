import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import type { Access, Spaces } from '../spaces/spaces.ts';
import { notFound, ReplicationError } from './replication-error.ts';

/** Sees to it that a month's runs database exists before a request goes to the engine. */
export interface MonthGate {
  /** Throws 410 below retention and 404 outside the allowed months; does nothing for other databases. */
  ensure(access: Access): Promise<void>;
  /** For `PUT`: makes the database, and says whether it was there. */
  create(access: Access): Promise<'created' | 'exists'>;
  /** To be called when the engine says that the database is not there after all. */
  forget(database: string): void;
}

export function createMonthGate(spaces: Pick<Spaces, 'monthState' | 'provisionMonth'>): MonthGate {
  const provisioned = new LRUCache<string, true>(atMost(50_000));

  function assertAllowed(access: Access): void {
    const state = spaces.monthState(access);
    if (state === 'gone') throw new ReplicationError(410, 'gone', 'This month is no longer kept.');
    if (state === 'outside') throw notFound();
  }

  async function create(access: Access): Promise<'created' | 'exists'> {
    if (access.month === undefined) return 'exists';
    assertAllowed(access);
    const result = await spaces.provisionMonth(access);
    provisioned.set(access.database, true);
    return result;
  }

  return {
    create,
    async ensure(access) {
      if (access.month === undefined) return;
      assertAllowed(access);
      if (!provisioned.has(access.database)) await create(access);
    },
    forget(database) {
      provisioned.delete(database);
    },
  };
}
