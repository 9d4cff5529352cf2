import expressPouchDB from 'express-pouchdb';
import type { Call } from './call.ts';

type Callback = (error: unknown, value?: unknown) => void;

/** What a guarded route of express-pouchdb finds in the place of a database: one finished piece of work. */
export type Facade = Partial<Record<FacadeMethod, (input: unknown) => Promise<unknown>>>;

type FacadeMethod =
  'allDocs' | 'revsDiff' | 'query' | 'find' | 'explain' | 'createIndex' | 'getIndexes' | 'deleteIndex';

const included = [
  'all-docs',
  'attachments',
  'bulk-docs',
  'db',
  'documents',
  'find',
  'revs-diff',
  'views',
  'ddoc-info',
  '404',
];

export interface ExpressRoutes {
  /** Lets express-pouchdb route and answer a checked request, with `facade` as its database. */
  serve(
    call: Call,
    input: { query: Record<string, unknown>; body: Record<string, unknown>; facade: Facade },
  ): Promise<void>;
}

/**
 * express-pouchdb behind the guard. It never sees a PouchDB, nor a body or query that was not checked: each
 * request brings a facade whose methods do what that route may do. The name of the database in the address is
 * replaced by the request's own, under which express-pouchdb finds that facade. (An async context would do it
 * too, but slows down every promise of the process on Node 20.)
 */
export function createExpressRoutes(): ExpressRoutes {
  const facades = new Map<string, object>();
  let requests = 0;

  /** express-pouchdb asks this class for the list of databases and a cached instance; nothing else is there. */
  const facadeClass = Object.assign(() => undefined, {
    defaults: () => undefined,
    plugin: () => undefined,
    allDbs: (done?: Callback) => {
      const names = { indexOf: () => 0, map: () => names };
      done?.(null, names);
      return Promise.resolve(names);
    },
    __dbCacheMap: { get: (name: string) => facades.get(name), set: () => undefined },
  });
  const app = expressPouchDB(facadeClass, {
    mode: 'custom',
    overrideMode: { include: included.map((route) => `routes/${route}`) },
  });

  return {
    serve: (call, { query, body, facade }) =>
      new Promise((resolve, reject) => {
        const { request, response } = call;
        // Whoever asked is gone; nothing would tell that the answer is over.
        if (response.destroyed) return resolve();
        // express-pouchdb parses every query value as JSON; a body marked as read is left alone.
        const encoded = Object.fromEntries(
          Object.entries(query).map(([name, value]) => [name, JSON.stringify(value)]),
        );
        const name = `request-${++requests}`;
        facades.set(name, databaseLike(facade, reject));
        Object.assign(request, {
          url: (request.url ?? '/').replace(/^\/[^/?]+/, `/${name}`),
          query: encoded,
          body,
          _body: true,
          couchSession: { userCtx: { ...call.user } },
        });
        response.on('close', () => {
          facades.delete(name);
          resolve();
        });
        app(request, response, reject);
      }),
  };
}

/** Gives the facade PouchDB's calling conventions: options first, a callback last; failures go to our handler. */
function databaseLike(facade: Facade, fail: (error: unknown) => void): object {
  const methods = Object.entries(facade).map(([name, work]) => [
    name,
    (...parameters: unknown[]) => {
      const answer = parameters.at(-1) as Callback;
      work(parameters[0]).then((value) => answer(null, value), fail);
    },
  ]);
  return { __wrappedByExpressPouch: true, _db_name: '', ...Object.fromEntries(methods) };
}
