import createAbstractMapReduce from 'pouchdb-abstract-mapreduce';
import { BuiltInError, NotFoundError } from 'pouchdb-mapreduce-utils';
import { builtinReduce } from './builtin-reduces.ts';
import {
  modulesOf,
  type CallOutcome,
  type DesignFunctionError,
  type DesignFunctions,
} from './design-functions.ts';
import type { CachedViews, StorageHandle } from './storage.ts';

/** A map function with what it may `require`, in the one string that PouchDB's indexer passes on and hashes. */
interface MapDefinition {
  map: string;
  modules: Record<string, string>;
}

export interface ViewIndex {
  /** PouchDB's answer to a view query: `{rows, total_rows?, offset?}`. */
  query(handle: StorageHandle, view: string, options: object): Promise<{ rows: unknown[] }>;
  /** Drops the indexes of views that no design document has any more. */
  cleanUp(handle: StorageHandle): Promise<void>;
}

/** PouchDB's persistent view index with our functions in it: sandboxed maps and reduces, CouchDB's built-ins. */
export function createViewIndex(options: { functions: DesignFunctions }): ViewIndex {
  const { functions } = options;
  const batches = new WeakMap<object, object[]>();

  /** Notes which documents PouchDB's indexer reads together. */
  function noteBatches(handle: StorageHandle): void {
    if (noted.has(handle)) return;
    noted.add(handle);
    const changes = handle.changes.bind(handle) as (
      query: object,
    ) => Promise<{ results?: { doc?: object }[] }>;
    const noting = (query: object): unknown => {
      const reading = changes(query);
      reading.then(
        ({ results = [] }) => {
          const documents = results.flatMap(({ doc }) => (doc ? [doc] : []));
          for (const document of documents) batches.set(document, documents);
        },
        () => undefined,
      );
      return reading;
    };
    Object.assign(handle, { changes: noting });
  }
  const noted = new WeakSet<StorageHandle>();

  /** Maps a whole batch when its first document is asked for, under one watchdog. */
  function mapper(definition: string, emit: (key: unknown, value: unknown) => void): (doc: object) => void {
    const { map, modules } = JSON.parse(definition) as MapDefinition;
    const designFunction = functions.get(map, modules);
    const outcomes = new WeakMap<object, CallOutcome | DesignFunctionError>();
    return (doc) => {
      if (!outcomes.has(doc)) {
        const batch = batches.get(doc) ?? [doc];
        const called = designFunction.callEach(batch.map((each) => JSON.stringify([each])));
        for (const [place, each] of batch.entries()) outcomes.set(each, called[place] as CallOutcome);
      }
      const outcome = outcomes.get(doc);
      if (outcome instanceof Error || outcome === undefined) return;
      for (const [key, value] of outcome.emitted) emit(key, value);
    };
  }

  function reducer(
    source: string,
  ): (keys: unknown[] | null, values: unknown[], rereduce: boolean) => unknown {
    const builtin = builtinReduce(source);
    if (builtin) return builtin;
    const designFunction = functions.get(source);
    return (keys, values, rereduce) => {
      const outcome = designFunction.call(JSON.stringify([keys, values, rereduce]));
      if (outcome.thrown) throw new BuiltInError('the reduce function threw an object');
      return outcome.value ?? null;
    };
  }

  function prepare(
    designDocument: { _id: string; views: Record<string, { map: unknown }> },
    name: string,
  ): void {
    const view = designDocument.views[name];
    if (typeof view?.map !== 'string') throw new NotFoundError(`${designDocument._id} has no view ${name}`);
    const modules = /\brequire\b/.test(view.map)
      ? modulesOf({ views: { lib: designDocument.views.lib } })
      : {};
    view.map = JSON.stringify({ map: view.map, modules } satisfies MapDefinition);
  }

  const index = createAbstractMapReduce('mrviews', mapper, reducer, prepare);
  return {
    query: async (handle, view, query) => {
      noteBatches(handle);
      try {
        return (await index.query.call(handle, view, query)) as { rows: unknown[] };
      } catch (error) {
        forgetFailed(handle);
        throw error;
      }
    },
    cleanUp: async (handle) => {
      await index.viewCleanup.call(handle);
    },
  };
}

/** PouchDB would remember an index that could not be opened, and answer with that error for ever. */
function forgetFailed(handle: StorageHandle & CachedViews): void {
  const views = handle._cachedViews ?? {};
  for (const [signature, opened] of Object.entries(views)) {
    opened.catch(() => {
      if (views[signature] === opened) delete views[signature];
    });
  }
}
