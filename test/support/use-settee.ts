import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startSettee, type StartSetteeOptions, type TestSettee } from './settee.ts';

/** Gives an object its name where a file begins, and its contents in the hook that makes it. */
export function madeIn<T extends object>(
  hook: (make: () => Promise<void>) => void,
  make: () => Promise<T>,
): T {
  const empty = {} as T;
  hook(async () => {
    Object.defineProperties(empty, Object.getOwnPropertyDescriptors(await make()));
  });
  return empty;
}

function use(
  options: StartSetteeOptions,
  before: typeof beforeAll | typeof beforeEach,
  after: typeof afterAll | typeof afterEach,
): TestSettee {
  let running: TestSettee | undefined;
  const settee = madeIn(before, async () => {
    running = await startSettee(options);
    return running;
  });
  after(() => running?.stop());
  return settee;
}

/** A server for all tests of the file or describe that asks for it. */
export function useSettee(options: StartSetteeOptions = {}): TestSettee {
  return use(options, beforeAll, afterAll);
}

/** A server of its own for each test. */
export function useFreshSettee(options: StartSetteeOptions = {}): TestSettee {
  return use(options, beforeEach, afterEach);
}
