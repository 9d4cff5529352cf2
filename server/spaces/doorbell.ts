/** Who noticed that a database was written: the proxy, this process by itself (REST, moves), or the engine's feed. */
export type RingSource = 'proxy' | 'server' | 'engine';

export type RingListener = (database: string, source: RingSource, userId?: string) => void;

/**
 * Says that a database was written, and nothing else: no sequence, no document. A ring too many costs one look; a
 * ring too few would leave a browser behind, so who rings does it after the write, and whenever in doubt.
 */
export interface Doorbell {
  /** To be called after documents were stored; never for `_local`. Databases of the server itself ring nothing. */
  ring(database: string, options: { source: RingSource; userId?: string }): void;
  /** `userId` is who wrote, where that is known. */
  onRing(listener: RingListener): () => void;
}

/** `prefix` is the deployment's DATABASE_PREFIX. */
export function createDoorbell({ prefix }: { prefix: string }): Doorbell {
  const listeners = new Set<RingListener>();
  const serverDatabases = `${prefix}settee-`;
  return {
    ring(database, { source, userId }) {
      if (database.startsWith(serverDatabases) || !database.startsWith(prefix)) return;
      for (const listener of listeners) listener(database, source, userId);
    },
    onRing(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
