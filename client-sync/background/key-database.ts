/** Keys and values in IndexedDB, where service workers find them; `localStorage` is closed to them. */
export interface KeyDatabase {
  all: () => Promise<Map<string, string>>;
  /** Writes one after the other; null removes. */
  write: (key: string, value: string | null) => Promise<void>;
  close: () => void;
}

const table = 'keys';

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error as DOMException));
  });
}

export async function openKeyDatabase(name: string): Promise<KeyDatabase> {
  const opening = indexedDB.open(name, 1);
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(table));
  const database = await answerOf(opening);
  // Another tab may want to remove it.
  database.addEventListener('versionchange', () => database.close());
  let writing: Promise<unknown> = Promise.resolve();
  return {
    async all() {
      await writing.catch(() => {});
      const store = database.transaction(table).objectStore(table);
      const [keys, values] = await Promise.all([answerOf(store.getAllKeys()), answerOf(store.getAll())]);
      return new Map(keys.map((key, index) => [key as string, String(values[index])]));
    },
    write(key, value) {
      const next = writing
        .catch(() => {})
        .then(async () => {
          const store = database.transaction(table, 'readwrite').objectStore(table);
          await (value === null ? answerOf(store.delete(key)) : answerOf(store.put(value, key)));
        });
      writing = next;
      return next;
    },
    close: () => database.close(),
  };
}
