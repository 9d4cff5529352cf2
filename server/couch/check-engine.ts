import { z } from 'zod';
import { SetupError } from '../errors.ts';
import type { EngineServer } from './couch.ts';
import type { EngineAnswer, EngineHttp } from './engine-http.ts';

const oldestVersion = [3, 4] as const;

const welcomeSchema = z.object({
  couchdb: z.literal('Welcome'),
  version: z.string(),
  vendor: z.object({ name: z.string() }).optional(),
});

const sessionSchema = z.object({
  userCtx: z.object({ name: z.string().nullable(), roles: z.array(z.string()) }),
});

/** Who the engine takes the bearer of these credentials for. */
export type EngineSession = z.infer<typeof sessionSchema>['userCtx'];

/** Null where the engine refuses the credentials. */
export async function engineSession(http: EngineHttp, authorization?: string): Promise<EngineSession | null> {
  const answer = await http.request('/_session', authorization === undefined ? {} : { authorization });
  const parsed = sessionSchema.safeParse(answer.body);
  return answer.status === 200 && parsed.success ? parsed.data.userCtx : null;
}

/** True for 3.4, 3.5.0, 4.0.0-rc1 and so on. */
export function isSupportedVersion(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1]);
}

/** Asks the engine what it is and whether we are its administrator; throws SetupError where we cannot work with it. */
export async function checkEngine(http: EngineHttp): Promise<EngineServer> {
  const asked = Date.now();
  const answer = await ask(http);
  // Halfway through the request: the best guess of when the engine looked at its clock.
  const clockDifference = clockOf(answer, (asked + Date.now()) / 2);
  if (answer.status === 401 || answer.status === 403) throw wrongPassword(http);
  const welcome = welcomeSchema.safeParse(answer.body);
  if (!welcome.success) {
    throw new SetupError(
      `What answers at ${http.origin} is not CouchDB (HTTP ${answer.status}). Check COUCHDB_URL.`,
    );
  }
  const { version, vendor } = welcome.data;
  const isEmbedded = /settee/i.test(vendor?.name ?? '');
  if (!isEmbedded && !isSupportedVersion(version)) {
    throw new SetupError(
      `CouchDB at ${http.origin} is version ${version}; Settee needs 3.4 or newer. Upgrade it.`,
    );
  }
  const session = await engineSession(http);
  if (!session) throw wrongPassword(http);
  if (!session.roles.includes('_admin')) {
    throw new SetupError(
      `The user ${String(session.name)} in COUCHDB_URL is not an administrator of CouchDB at ${http.origin}. ` +
        `Use one of its [admins].`,
    );
  }
  return { version, vendor: isEmbedded ? 'embedded' : 'couchdb', clockDifference };
}

async function ask(http: EngineHttp): Promise<EngineAnswer> {
  try {
    return await http.request('/');
  } catch (cause) {
    throw new SetupError(
      `CouchDB at ${http.origin} cannot be reached (${connectionReason(cause)}). ` +
        `Start it, or correct COUCHDB_URL; without COUCHDB_URL Settee brings its own engine.`,
      { cause },
    );
  }
}

/** The innermost reason of a failed fetch: `ECONNREFUSED`, `ENOTFOUND`, `TimeoutError` … */
function connectionReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return connectionReason(error.cause);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'Error' || error.name === 'TypeError' ? error.message : error.name;
}

function wrongPassword(http: EngineHttp): SetupError {
  return new SetupError(
    `CouchDB at ${http.origin} does not accept the name and password in COUCHDB_URL. ` +
      `Correct them; special characters in a password are written %XX.`,
  );
}

/** The header has whole seconds and may be a little old: less than this is no difference. */
const clockTolerance = 3000;

function clockOf(answer: EngineAnswer, now: number): number {
  const difference = Date.parse(answer.headers.get('date') ?? '') + 500 - now;
  return Math.abs(difference) >= clockTolerance ? Math.round(difference / 1000) * 1000 : 0;
}

const systemDatabases = ['_users', '_replicator', '_global_changes'];

/** A new CouchDB lacks them and fills its log with complaints. */
export async function createSystemDatabases(http: EngineHttp): Promise<void> {
  for (const database of systemDatabases) {
    const { status } = await http.request(`/${database}`, { method: 'PUT' });
    if (![201, 202, 412].includes(status)) {
      throw new SetupError(
        `CouchDB at ${http.origin} lacks its database ${database}, and making it failed (HTTP ${status}). ` +
          `Finish its set-up at ${http.origin}/_utils#setup.`,
      );
    }
  }
}
