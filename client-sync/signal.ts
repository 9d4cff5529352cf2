/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;

/** A list of listeners. */
export interface Signal<T> {
  emit: (value: T) => void;
  subscribe: (listener: (value: T) => void) => () => void;
}

/** Makes a signal; a listener that throws does not keep the others from hearing. */
export function createSignal<T>(): Signal<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    emit(value) {
      for (const listener of listeners) {
        try {
          listener(value);
        } catch (error) {
          reportUnexpected(error);
        }
      }
    },
    subscribe(listener) {
      const own = (value: T) => listener(value);
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}

/** Tells the page about a fault that no caller waits for, as an uncaught error would. */
export function reportUnexpected(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
