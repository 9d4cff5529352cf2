import { randomUUID } from 'node:crypto';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { designDocumentFor, type DesignKind } from '../../design-docs/index.ts';
import { startTestEngine } from './engine.ts';
import type { TestRole } from './fixtures/role-fixtures.ts';

export interface DesignDatabase {
  name: string;
  /** Asks the engine, as the administrator or with a token of the role; the path is within the database. */
  request(
    method: string,
    path: string,
    body?: unknown,
    role?: TestRole,
  ): Promise<{ status: number; body: unknown }>;
}

export interface DesignEngine {
  kind: string;
  /** A database as a space has it: its security, its design document. */
  createDatabase(kind: DesignKind, month?: string): Promise<DesignDatabase>;
  stop(): Promise<void>;
}

/** Adds a key to the engine with which tokens for roles can be signed, as the server does with its own. */
async function installKey(origin: string, authorization: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const kid = `test${randomUUID().slice(0, 8)}`;
  const url = `${origin}/_node/_local/_config/jwt_keys/ec:${kid}`;
  const pem = (await exportSPKI(publicKey)).trim().replaceAll('\n', '\\n');
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(pem) });
  if (!answer.ok)
    throw new Error(`The engine takes no key for tokens: ${answer.status} ${await answer.text()}`);
  return {
    sign: (name: string, roles: string[]) =>
      new SignJWT({ '_couchdb.roles': roles })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
        // What couchdb.ini asks of tokens.
        .setIssuer('settee-proxy')
        .setSubject(name)
        .setExpirationTime('10 minutes')
        .sign(privateKey),
    remove: () => fetch(url, { method: 'DELETE', headers }),
  };
}

/** An engine for tests of what design documents do in it. */
export async function startDesignEngine(): Promise<DesignEngine> {
  const engine = await startTestEngine();
  const { origin, username, password } = new URL(engine.url);
  const basic = `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`;
  const key = await installKey(origin, basic);
  const spaceId = randomUUID();
  const rolesOf: Record<Exclude<TestRole, 'server'>, string[]> = {
    owner: [`space:${spaceId}`, `space:${spaceId}:owner`],
    editor: [`space:${spaceId}`, `space:${spaceId}:editor`],
    viewer: [`space:${spaceId}`, `space:${spaceId}:viewer`],
    stranger: ['space:other', 'space:other:owner'],
  };

  async function request(method: string, path: string, body?: unknown, role: TestRole = 'server') {
    const authorization = role === 'server' ? basic : `Bearer ${await key.sign(role, rolesOf[role])}`;
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(`${origin}/${path}`, { method, headers, ...init });
    return { status: answer.status, body: (await answer.json()) as unknown };
  }

  async function must(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await request(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  }

  return {
    kind: engine.kind,
    async createDatabase(kind, month) {
      const runs = month === undefined ? '' : `-runs-${month}`;
      const name = `${engine.prefix}space-${randomUUID()}${runs}`;
      await must('PUT', `${name}?q=1`);
      const members = { names: [], roles: [`space:${spaceId}`] };
      await must('PUT', `${name}/_security`, { admins: { names: [], roles: ['_admin'] }, members });
      await must('PUT', `${name}/_design/settee`, designDocumentFor(kind));
      return { name, request: (method, path, body, role) => request(method, `${name}/${path}`, body, role) };
    },
    async stop() {
      await key.remove();
      await engine.stop();
    },
  };
}
