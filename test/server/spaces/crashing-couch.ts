import type { Couch } from '../../../server/couch/couch.ts';

export class CrashError extends Error {}

/** A process that is killed after its n-th write and before it sees the answer: nothing later reaches the engine. */
export function crashingCouch(couch: Couch, at: number): Couch {
  let count = 0;
  let isDead = false;
  function guard(write: (...given: unknown[]) => Promise<unknown>) {
    return async (...given: unknown[]): Promise<unknown> => {
      if (isDead) throw new CrashError('dead');
      count += 1;
      isDead = count === at;
      const answer = await write(...given);
      if (count >= at) throw new CrashError('killed');
      return answer;
    };
  }
  const admin = (database: string): unknown => {
    const scope = couch.admin<object>(database);
    for (const name of ['insert', 'bulk', 'destroy']) {
      const write = Reflect.get(scope, name) as (...given: unknown[]) => Promise<unknown>;
      Reflect.set(scope, name, guard(write));
    }
    return scope;
  };
  return { ...couch, admin: admin as Couch['admin'] };
}
