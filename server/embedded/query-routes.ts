import { objectBody, sendJson, type Call } from './call.ts';
import { badRequest } from './couch-error.ts';
import type { Database } from './database.ts';
import { isObject, parseRevision } from './document-checks.ts';
import { readDocument } from './documents.ts';
import type { ExpressRoutes } from './express-routes.ts';
import { readAllDocs } from './all-docs.ts';
import { readViewOptions, type ViewOptions } from './view-options.ts';
import type { ViewQueries } from './view-queries.ts';

export interface QueryRoutes {
  allDocs: (call: Call, database: Database) => Promise<void>;
  allDocsQueries: (call: Call, database: Database) => Promise<void>;
  designDocs: (call: Call, database: Database) => Promise<void>;
  designInfo: (call: Call, database: Database, name: string) => Promise<void>;
  view: (call: Call, database: Database, view: string) => Promise<void>;
  viewQueries: (call: Call, database: Database, view: string) => Promise<void>;
  revsDiff: (call: Call, database: Database) => Promise<void>;
  missingRevs: (call: Call, database: Database) => Promise<void>;
}

async function optionsOf(call: Call): Promise<ViewOptions> {
  return readViewOptions(call.query, call.method === 'POST' ? await objectBody(call) : {});
}

async function queriesOf(call: Call): Promise<ViewOptions[]> {
  const { queries } = await objectBody(call);
  if (!Array.isArray(queries) || !queries.every(isObject))
    throw badRequest('`queries` must be a list of objects');
  return queries.map((query) => readViewOptions(call.query, query));
}

async function revisionsOf(call: Call): Promise<Record<string, string[]>> {
  const body = await objectBody(call);
  for (const revisions of Object.values(body)) {
    if (!Array.isArray(revisions)) throw badRequest('Revisions must be listed');
    for (const rev of revisions) parseRevision(rev);
  }
  return body as Record<string, string[]>;
}

export function createQueryRoutes(options: { express: ExpressRoutes; views: ViewQueries }): QueryRoutes {
  const { express, views } = options;

  async function diff(database: Database, revisions: Record<string, string[]>): Promise<object> {
    return await database.use((handle) => handle.revsDiff(revisions));
  }

  return {
    async allDocs(call, database) {
      const query = await optionsOf(call);
      await express.serve(call, { query, body: {}, facade: { allDocs: () => readAllDocs(database, query) } });
    },
    async allDocsQueries(call, database) {
      const queries = await queriesOf(call);
      sendJson(call, 200, {
        results: await Promise.all(queries.map((query) => readAllDocs(database, query))),
      });
    },
    async designDocs(call, database) {
      const range = { startkey: '_design/', endkey: '_design0', inclusive_end: false };
      sendJson(call, 200, await readAllDocs(database, { ...(await optionsOf(call)), ...range }));
    },
    async designInfo(call, database, name) {
      await database.use((handle) => readDocument(handle, `_design/${name}`));
      await express.serve(call, { query: { id: name }, body: {}, facade: {} });
    },
    async view(call, database, view) {
      const query = await optionsOf(call);
      await express.serve(call, {
        query,
        body: {},
        facade: { query: () => views.query(database, view, query) },
      });
    },
    async viewQueries(call, database, view) {
      const queries = await queriesOf(call);
      const results = await Promise.all(queries.map((query) => views.query(database, view, query)));
      sendJson(call, 200, { results });
    },
    async revsDiff(call, database) {
      const revisions = await revisionsOf(call);
      await express.serve(call, {
        query: {},
        body: {},
        facade: { revsDiff: () => diff(database, revisions) },
      });
    },
    async missingRevs(call, database) {
      const missing = Object.entries(await diff(database, await revisionsOf(call)));
      const found = missing.map(([id, entry]) => [id, (entry as { missing: string[] }).missing]);
      sendJson(call, 200, { missing_revs: Object.fromEntries(found) as unknown });
    },
  };
}
