/** As much of IndexedDB as keys and values in one store need; whoever opens the same name sees the same ones. */
export function createMemoryIndexedDB(): Pick<IDBFactory, 'open'> {
  const databases = new Map<string, Map<string, unknown>>();
  const request = (work: () => unknown, before: string[] = []): IDBOpenDBRequest => {
    const asked = new EventTarget();
    queueMicrotask(() => {
      Object.assign(asked, { result: work() });
      for (const name of [...before, 'success']) asked.dispatchEvent(new Event(name));
    });
    return asked as IDBOpenDBRequest;
  };
  const openStore = (values: Map<string, unknown>) => ({
    getAllKeys: () => request(() => [...values.keys()]),
    getAll: () => request(() => [...values.values()]),
    put: (value: unknown, key: string) => request(() => values.set(key, value)),
    delete: (key: string) => request(() => values.delete(key)),
  });
  return {
    open(name) {
      const values = databases.get(name) ?? new Map<string, unknown>();
      const isNew = !databases.has(name);
      databases.set(name, values);
      const database = Object.assign(new EventTarget(), {
        createObjectStore() {},
        transaction: () => ({ objectStore: () => openStore(values) }),
        close() {},
      });
      return request(() => database, isNew ? ['upgradeneeded'] : []);
    },
  };
}
