import { afterAll, beforeAll } from 'vitest';
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

/** A server for all tests of the file or describe that asks for it. */
export function useSettee(options: StartSetteeOptions = {}): TestSettee {
  let running: TestSettee | undefined;
  const settee = madeIn(beforeAll, async () => {
    running = await startSettee(options);
    return running;
  });
  afterAll(() => running?.stop());
  return settee;
}
