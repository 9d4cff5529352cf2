import { toClientError } from './errors.ts';

/** The same functions, whose promises reject with SetteeClientErrors where the local database failed. */
export function withClientErrors<A extends object>(api: A): A {
  const entries = Object.entries(api).map(([name, member]: [string, unknown]) => {
    if (typeof member !== 'function') return [name, member];
    const call = member as (...given: unknown[]) => unknown;
    return [name, (...given: unknown[]) => translate(call(...given))];
  });
  return Object.fromEntries(entries) as A;
}

function translate(result: unknown): unknown {
  if (!(result instanceof Promise)) return result;
  return result.catch((error: unknown) => {
    throw toClientError(error);
  });
}
