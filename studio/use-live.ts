import { useCallback, useEffect, useState } from 'react';

/** Follows a live query: `watch` is called with a callback and returns its unsubscribe; again when `keys` change. */
export function useWatch<T>(
  initial: T,
  watch: (listener: (value: T) => void) => () => void,
  keys: readonly unknown[],
): T {
  const [value, setValue] = useState(initial);
  useEffect(() => watch(setValue), keys);
  return value;
}

/** Runs an action of the user's; its failure becomes a message to show instead of an unhandled rejection. */
export function useAction(): {
  error: string | null;
  busy: boolean;
  run: (action: () => Promise<unknown>) => void;
} {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const run = useCallback((action: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    action()
      .catch((cause: unknown) => setError(cause instanceof Error ? cause.message : String(cause)))
      .finally(() => setBusy(false));
  }, []);
  return { error, busy, run };
}
