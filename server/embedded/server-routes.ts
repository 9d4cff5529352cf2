import { randomBytes } from 'node:crypto';
import { jsonBody, objectBody, sendJson, type Call } from './call.ts';
import { badRequest, CouchError, notFound, unauthorized } from './couch-error.ts';
import type { Credentials, SignedIn } from './credentials.ts';
import type { DatabaseRegistry } from './database-registry.ts';
import type { DatabaseUpdatesFeed } from './database-updates.ts';
import { isObject } from './document-checks.ts';
import type { PlainUsers } from './plain-users.ts';
import { countOption, jsonOption } from './query-options.ts';
import { readBody } from './request-guard.ts';
import type { Sessions } from './sessions.ts';
import type { SigningKeys } from './signing-keys.ts';
import { anonymous, assertServerAdmin, type UserContext } from './user-context.ts';
import { databaseInfo } from './database-info.ts';

/** What the engine says it is; the number is that of the CouchDB whose interface it follows. */
const welcome = {
  couchdb: 'Welcome',
  version: '3.5.0',
  vendor: { name: 'Settee embedded engine' },
  features: [] as string[],
};
const node = 'nonode@nohost';

export interface ServerRoutes {
  /** Answers a path outside the databases; throws 404 where there is none. */
  serve(call: Call, signedIn: SignedIn): Promise<void>;
}

type Route = (call: Call, signedIn: SignedIn) => Promise<void> | void;

export function createServerRoutes(options: {
  registry: DatabaseRegistry;
  credentials: Credentials;
  sessions: Sessions;
  keys: SigningKeys;
  plainUsers: PlainUsers | null;
  updates: DatabaseUpdatesFeed;
  uuid: string;
}): ServerRoutes {
  const { registry, credentials, sessions, keys, plainUsers } = options;

  function sessionInfo(user: UserContext, authenticated?: string): object {
    const handlers = ['cookie', 'jwt', 'default'];
    return {
      ok: true,
      userCtx: user,
      info: { authentication_handlers: handlers, ...(authenticated ? { authenticated } : {}) },
    };
  }

  async function session(call: Call, { user, authenticated }: SignedIn): Promise<void> {
    if (call.method === 'DELETE')
      return sendJson(call, 200, { ok: true }, { 'set-cookie': sessions.cookieFor(null) });
    if (call.method !== 'POST') return sendJson(call, 200, sessionInfo(user, authenticated));
    const { name, password } = await signInForm(call);
    const signedIn = await credentials.signIn(name, password);
    const answer = { ok: true, name: signedIn.name, roles: signedIn.roles };
    sendJson(call, 200, answer, { 'set-cookie': sessions.cookieFor(name) });
  }

  function allDatabases(call: Call): void {
    const start = jsonOption(call.query, 'startkey') ?? jsonOption(call.query, 'start_key') ?? '';
    const end = jsonOption(call.query, 'endkey') ?? jsonOption(call.query, 'end_key');
    if (typeof start !== 'string' || (end !== undefined && typeof end !== 'string'))
      throw badRequest('keys must be strings');
    const descending = call.query.get('descending') === 'true';
    const names = registry.list().filter((name) => name >= start && (end === undefined || name <= end));
    if (descending) names.reverse();
    const skip = countOption(call.query, 'skip') ?? 0;
    sendJson(call, 200, names.slice(skip, skip + (countOption(call.query, 'limit') ?? names.length)));
  }

  async function databasesInfo(call: Call): Promise<void> {
    const names = call.method === 'POST' ? (await objectBody(call)).keys : registry.list();
    if (!Array.isArray(names) || names.length > 1000)
      throw badRequest('`keys` must be a list of at most 1000 names');
    const infos = await Promise.all(
      names.map(async (key: unknown) => {
        if (typeof key !== 'string' || !registry.has(key)) return { key, error: 'not_found' };
        return { key, info: await databaseInfo(registry.get(key)) };
      }),
    );
    sendJson(call, 200, infos);
  }

  async function signingKey(call: Call, name: string | undefined): Promise<void> {
    if (name === undefined) return sendJson(call, 200, keys.all());
    if (call.method === 'PUT') {
      const { value } = await jsonBody(call);
      if (typeof value !== 'string') throw badRequest('A key is a JSON string.');
      return sendJson(call, 200, await keys.set(name, value));
    }
    sendJson(call, 200, call.method === 'DELETE' ? await keys.remove(name) : keys.get(name));
  }

  /** `/_node/<name>/…`: the signing keys, and empty answers where Fauxton looks. */
  async function nodeRoute(call: Call): Promise<void> {
    const [, name, topic, section, key] = call.parts;
    if (name !== '_local' && name !== node) throw notFound('no such node');
    if (topic === undefined) return sendJson(call, 200, { name: node });
    if (topic === '_stats' || topic === '_system' || topic === '_prometheus') return sendJson(call, 200, {});
    if (topic !== '_config') throw notFound();
    if (section === 'jwt_keys') return await signingKey(call, key);
    if (call.method !== 'GET') throw new CouchError(403, 'forbidden', 'Only jwt_keys can be set here.');
    const config: Record<string, Record<string, string>> = {
      // Fauxton cannot show a section without values.
      ...(Object.keys(keys.all()).length > 0 ? { jwt_keys: keys.all() } : {}),
      httpd: { enable_cors: 'false' },
      cors: { credentials: 'false' },
    };
    const values = section === undefined ? config : Object.hasOwn(config, section) ? config[section] : {};
    if (key === undefined) return sendJson(call, 200, values);
    const value = values && Object.hasOwn(values, key) ? values[key] : undefined;
    if (value === undefined) throw notFound('unknown_config_value');
    sendJson(call, 200, value);
  }

  async function userDocument(call: Call): Promise<void> {
    const id = call.parts[1];
    if (!plainUsers || id === undefined) throw notFound('Database does not exist.');
    if (call.method === 'PUT')
      return sendJson(call, 201, await plainUsers.put(id, (await jsonBody(call)).value));
    if (call.method === 'DELETE') return sendJson(call, 200, plainUsers.remove(id, call.query.get('rev')));
    sendJson(call, 200, plainUsers.get(id));
  }

  const open: Record<string, Route> = {
    '': (call) => sendJson(call, 200, { ...welcome, uuid: options.uuid }),
    _up: (call) => sendJson(call, 200, { status: 'ok', seeds: {} }),
    _session: session,
  };
  const signedInOnly: Record<string, Route> = {
    _uuids: (call) => {
      const count = Math.min(countOption(call.query, 'count') ?? 1, 1000);
      sendJson(call, 200, { uuids: Array.from({ length: count }, () => randomBytes(16).toString('hex')) });
    },
  };
  const adminsOnly: Record<string, Route> = {
    _all_dbs: allDatabases,
    _dbs_info: databasesInfo,
    _db_updates: (call) => options.updates.serve(call),
    _active_tasks: (call) => sendJson(call, 200, []),
    _membership: (call) => sendJson(call, 200, { all_nodes: [node], cluster_nodes: [node] }),
    _scheduler: (call) =>
      sendJson(
        call,
        200,
        call.parts[1] === 'jobs'
          ? { total_rows: 0, offset: 0, jobs: [] }
          : { total_rows: 0, offset: 0, docs: [] },
      ),
    _node: nodeRoute,
    _users: userDocument,
  };

  return {
    async serve(call, signedIn) {
      const name = call.parts[0] ?? '';
      const pick = (routes: Record<string, Route>): Route | undefined =>
        Object.hasOwn(routes, name) ? routes[name] : undefined;
      const route = pick(open);
      if (route) return await route(call, signedIn);
      if (signedIn.user === anonymous) throw unauthorized('Authentication required.');
      const limited = pick(signedInOnly);
      if (limited) return await limited(call, signedIn);
      const guarded = pick(adminsOnly);
      if (!guarded && call.method === 'PUT')
        throw new CouchError(400, 'illegal_database_name', `Name: '${name}'.`);
      assertServerAdmin(signedIn.user);
      if (!guarded) throw notFound('Database does not exist.');
      await guarded(call, signedIn);
    },
  };
}

/** The sign-in form as JSON or as a browser's form sends it. */
async function signInForm(call: Call): Promise<{ name: string; password: string }> {
  const type = call.request.headers['content-type'] ?? '';
  let fields: unknown;
  if (type.startsWith('application/x-www-form-urlencoded')) {
    fields = Object.fromEntries(new URLSearchParams((await readBody(call.request, 10_000)).toString('utf8')));
  } else fields = (await jsonBody(call)).value;
  const form = isObject(fields) ? fields : {};
  const name = form.name ?? form.username;
  if (typeof name !== 'string' || typeof form.password !== 'string')
    throw badRequest('A name and a password are needed.');
  return { name, password: form.password };
}
