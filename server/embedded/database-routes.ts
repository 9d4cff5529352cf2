import { isSetteeDatabaseName } from '../../schema/index.ts';
import type { AttachmentRoutes } from './attachment-routes.ts';
import type { BulkRoutes } from './bulk-routes.ts';
import { jsonBody, sendJson, type Call } from './call.ts';
import { badRequest, CouchError, notFound, unauthorized } from './couch-error.ts';
import type { createChangesFeed } from './changes-feed.ts';
import type { Compaction } from './compaction.ts';
import type { Database } from './database.ts';
import { databaseInfo } from './database-info.ts';
import type { DatabaseRegistry } from './database-registry.ts';
import type { DocumentRoutes } from './document-routes.ts';
import type { FindRoutes } from './find-routes.ts';
import type { QueryRoutes } from './query-routes.ts';
import { revsLimit, security } from './settings-routes.ts';
import { anonymous, assertDatabaseAdmin, assertMember, assertServerAdmin } from './user-context.ts';
import type { ViewIndex } from './views.ts';

type Level = 'member' | 'admin';
type Work = (call: Call, database: Database) => Promise<void> | void;

export interface DatabaseRoutes {
  /** Answers a path below a database. */
  serve(call: Call): Promise<void>;
}

/** The table of what a database answers; what is not in it is refused. */
export function createDatabaseRoutes(options: {
  registry: DatabaseRegistry;
  documents: DocumentRoutes;
  attachments: AttachmentRoutes;
  bulk: BulkRoutes;
  queries: QueryRoutes;
  find: FindRoutes;
  changes: ReturnType<typeof createChangesFeed>;
  compaction: Compaction;
  index: ViewIndex;
}): DatabaseRoutes {
  const { registry, documents, attachments, bulk, queries, find, changes } = options;

  async function acknowledge(call: Call, status: number, value: object): Promise<void> {
    if (call.method === 'POST') await jsonBody(call);
    sendJson(call, status, value);
  }

  /** `METHOD name` below a database, with the least that a user must be. */
  const table: Record<string, [Level, Work]> = {
    'GET ': ['member', async (call, database) => sendJson(call, 200, await databaseInfo(database))],
    'POST ': ['member', (call, database) => documents.post(call, database)],
    'GET _all_docs': ['member', queries.allDocs],
    'POST _all_docs': ['member', queries.allDocs],
    'POST _all_docs/queries': ['member', queries.allDocsQueries],
    'GET _design_docs': ['member', queries.designDocs],
    'POST _bulk_docs': ['member', bulk.bulkDocs],
    'POST _bulk_get': ['member', bulk.bulkGet],
    'POST _revs_diff': ['member', queries.revsDiff],
    'POST _missing_revs': ['member', queries.missingRevs],
    'GET _changes': ['member', (call, database) => changes.serve(call, database)],
    'POST _changes': ['member', (call, database) => changes.serve(call, database)],
    'GET _security': ['member', security],
    'PUT _security': ['admin', security],
    'GET _revs_limit': ['member', revsLimit],
    'PUT _revs_limit': ['admin', revsLimit],
    'POST _find': ['member', find.find],
    'POST _explain': ['member', find.explain],
    'GET _index': ['member', find.getIndexes],
    'POST _index': ['admin', find.createIndex],
    'POST _ensure_full_commit': [
      'member',
      (call) => acknowledge(call, 201, { ok: true, instance_start_time: '0' }),
    ],
    'POST _compact': [
      'admin',
      async (call, database) => {
        options.compaction.start(database);
        await acknowledge(call, 202, { ok: true });
      },
    ],
    'POST _view_cleanup': [
      'admin',
      async (call, database) => {
        await database.write((handle) => options.index.cleanUp(handle));
        await acknowledge(call, 202, { ok: true });
      },
    ],
  };

  async function documentRoute(call: Call, database: Database, id: string): Promise<void> {
    const method = call.method === 'HEAD' ? 'GET' : call.method;
    if (method === 'GET') return await documents.get(call, database, id);
    if (method === 'PUT') return await documents.put(call, database, id);
    if (method === 'DELETE') return await documents.remove(call, database, id);
    if (method === 'COPY') return await documents.copy(call, database, id);
    throw new CouchError(405, 'method_not_allowed', 'Only DELETE,GET,HEAD,PUT,COPY allowed');
  }

  /** `_design/<name>/…`: views and their information; everything else there is an attachment. */
  async function designRoute(call: Call, database: Database, parts: string[]): Promise<void> {
    const [name = '', kind, view, more] = parts;
    if (name === '') throw notFound();
    if (kind === undefined) return await documentRoute(call, database, `_design/${name}`);
    const reads = call.method === 'GET' || call.method === 'HEAD' || call.method === 'POST';
    if (kind === '_info' && reads && parts.length === 2)
      return await queries.designInfo(call, database, name);
    if (kind === '_view' && reads && view !== undefined) {
      if (name.includes('/') || view.includes('/')) throw notFound('missing_named_view');
      if (parts.length === 3) return await queries.view(call, database, `${name}/${view}`);
      if (parts.length === 4 && more === 'queries' && call.method === 'POST')
        return await queries.viewQueries(call, database, `${name}/${view}`);
    }
    if (kind.startsWith('_')) throw notFound();
    await attachments.serve(call, database, `_design/${name}`, parts.slice(1).join('/'));
  }

  async function pathRoute(call: Call, database: Database, parts: string[]): Promise<void> {
    const [first = '', ...rest] = parts;
    if (first === '_design') return await designRoute(call, database, rest);
    if (first === '_local' && rest.length > 0)
      return await documentRoute(call, database, `_local/${rest.join('/')}`);
    if (first === '_index' && call.method === 'DELETE' && parts.length >= 4) {
      assertDatabaseAdmin(call.user, (await database.settings()).security);
      return await deleteIndex(call, database, rest);
    }
    if (first === '' || first.startsWith('_')) throw notFound();
    if (rest.length === 0) return await documentRoute(call, database, first);
    await attachments.serve(call, database, first, rest.join('/'));
  }

  async function deleteIndex(call: Call, database: Database, parts: string[]): Promise<void> {
    const [ddoc = '', type = '', name = ''] = parts[0] === '_design' ? parts.slice(1) : parts;
    await find.deleteIndex(call, database, { ddoc, type, name });
  }

  async function changeDatabase(call: Call, name: string): Promise<void> {
    assertServerAdmin(call.user);
    if (call.method === 'PUT') {
      if (!isSetteeDatabaseName(name))
        throw new CouchError(
          400,
          'illegal_database_name',
          `Name: '${name.slice(0, 100)}'. The embedded engine keeps Settee's databases only.`,
        );
      if (call.query.get('partitioned') === 'true')
        throw badRequest('The embedded engine has no partitioned databases.');
      await registry.create(name);
      return sendJson(call, 201, { ok: true }, { location: `/${encodeURIComponent(name)}` });
    }
    if (call.query.has('rev')) throw badRequest('You tried to DELETE a database with a ?rev= parameter.');
    await registry.remove(name);
    sendJson(call, 200, { ok: true });
  }

  return {
    async serve(call) {
      const [name = '', ...parts] = call.parts;
      if (call.user === anonymous) throw unauthorized('You are not authorized to access this db.');
      if (parts.length === 0 && (call.method === 'PUT' || call.method === 'DELETE'))
        return await changeDatabase(call, name);
      const database = registry.get(name);
      const { security: rules } = await database.settings();
      assertMember(call.user, rules);
      const method = call.method === 'HEAD' ? 'GET' : call.method;
      const key = `${method} ${parts.join('/')}`;
      const entry = Object.hasOwn(table, key) ? table[key] : undefined;
      if (!entry) return await pathRoute(call, database, parts);
      if (entry[0] === 'admin') assertDatabaseAdmin(call.user, rules);
      await entry[1](call, database);
    },
  };
}
