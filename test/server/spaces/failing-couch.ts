import type { Couch } from '../../../server/couch/couch.ts';

type Request = 'changes' | 'fetchRevs' | 'get';

/** A connection on which one request to a database fails: the nth of its kind from when that is said. */
export function failingCouch(couch: Couch, failingDatabase: string) {
  const left = { changes: 0, fetchRevs: 0, get: 0 };
  const admin = (database: string): unknown => {
    const scope = couch.admin<object>(database);
    if (database !== failingDatabase) return scope;
    for (const request of ['changes', 'fetchRevs', 'get'] as const) {
      const ask = Reflect.get(scope, request) as (...given: unknown[]) => Promise<unknown>;
      Reflect.set(scope, request, async (...given: unknown[]) => {
        left[request] -= 1;
        if (left[request] === 0) throw new Error('The engine is away.');
        return ask(...given);
      });
    }
    return scope;
  };
  return {
    couch: { ...couch, admin: admin as Couch['admin'] },
    fail: (request: Request, nth = 1) => void (left[request] = nth),
  };
}
