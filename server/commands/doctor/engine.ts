import { z } from 'zod';
import { checkEngine } from '../../couch/check-engine.ts';
import type { EngineServer } from '../../couch/couch.ts';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { SetupError } from '../../errors.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

/** Beyond this an engine that is ahead refuses tokens while they are still in use: they live 60 s and are used for 40. */
const clockProblemSeconds = 20;
const clockWarningSeconds = 3;

export interface EngineExamination {
  findings: Finding[];
  /** Null where the engine cannot be used, so that nothing else can be asked of it. */
  server: EngineServer | null;
}

/** Reachable, the right version, and do the credentials make us its administrator? */
export async function examineEngine(http: EngineHttp): Promise<EngineExamination> {
  try {
    const server = await checkEngine(http);
    const name = server.vendor === 'embedded' ? 'The embedded engine' : `CouchDB ${server.version}`;
    return { findings: [ok('engine.reachable', `${name} answers at ${http.origin}.`)], server };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const [message, ...mend] = error.message.split(/(?<=\.) /);
    return { findings: [problem(await nameOf(http), message ?? '', mend.join(' '))], server: null };
  }
}

/** Which part of `checkEngine` failed. */
async function nameOf(http: EngineHttp): Promise<string> {
  const root = await http.request('/').catch(() => null);
  if (!root) return 'engine.reachable';
  if (root.status === 401 || root.status === 403) return 'engine.password';
  const welcome = z.object({ couchdb: z.literal('Welcome') }).safeParse(root.body);
  if (!welcome.success) return 'engine.reachable';
  const session = await http.request('/_session');
  const roles = z.object({ userCtx: z.object({ roles: z.array(z.string()) }) }).safeParse(session.body);
  if (!roles.success || !roles.data.userCtx.roles.includes('_admin')) return 'engine.password';
  return 'engine.version';
}

/** Is the engine's clock ours? `clock` is this machine's. */
export async function checkClock(http: EngineHttp, clock: () => Date): Promise<Finding> {
  const asked = clock().getTime();
  const { headers } = await http.request('/_up');
  const now = (asked + clock().getTime()) / 2;
  const engine = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(engine)) return ok('engine.clock', 'The engine does not tell its time.');
  // The header has whole seconds: half a second is the middle of what it may mean.
  const seconds = Math.round((engine + 500 - now) / 1000);
  const size = Math.abs(seconds);
  if (size < clockWarningSeconds) return ok('engine.clock', "The engine's clock agrees with this machine's.");
  const message = `The engine's clock is ${size} s ${seconds > 0 ? 'ahead of' : 'behind'} this machine's.`;
  const mend = 'Set both machines by the same time server (timedatectl set-ntp true).';
  return size < clockProblemSeconds
    ? warning('engine.clock', message, mend)
    : problem('engine.clock', message, mend);
}

const systemDatabases = ['_users', '_replicator', '_global_changes'];

/** CouchDB's own databases, which a new node lacks. */
export async function checkSystemDatabases(http: EngineHttp): Promise<Finding> {
  const missing: string[] = [];
  for (const name of systemDatabases) {
    const { status } = await http.request(`/${name}`);
    if (status === 404) missing.push(name);
  }
  if (missing.length === 0) return ok('engine.system-databases', 'The system databases are there.');
  const verb = missing.length === 1 ? 'is' : 'are';
  return problem(
    'engine.system-databases',
    `${missing.join(', ')} ${verb} missing: CouchDB fills its log with complaints, and changes may go unnoticed.`,
    `Start Settee, which makes them, or: curl -X PUT ${http.origin}/${missing[0] ?? ''} (as administrator)`,
  );
}
