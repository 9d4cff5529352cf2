import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { designDocumentFor } from '../../../design-docs/index.ts';
import { doctorCommand } from '../../../server/commands/doctor.ts';
import type { Finding } from '../../../server/commands/doctor/finding.ts';
import { serverDatabaseName } from '../../../schema/index.ts';
import { createEngineHttp } from '../../../server/couch/engine-http.ts';
import { createNodeConfig } from '../../../server/couch/node-config.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';
import { registerPersonal, type PersonalAccount } from '../proxy/personal-account.ts';
import { environmentOf, runCommand, type RunOptions } from './run-command.ts';

let settee: TestSettee;
let account: PersonalAccount;

async function start(): Promise<void> {
  settee = await startSettee();
  account = await registerPersonal(settee);
}

async function stop(): Promise<void> {
  await settee.stop();
}

interface Diagnosis {
  code: number;
  /** By their check; warnings and problems only. */
  faults: Record<string, Finding>;
  findings: Finding[];
}

async function diagnose(options: RunOptions = {}): Promise<Diagnosis> {
  const env = { ...environmentOf(settee), ...options.env };
  const { code, printed } = await runCommand(doctorCommand, ['--json'], { ...options, env });
  const { findings } = JSON.parse(printed.join('\n')) as { findings: Finding[] };
  const faults = findings
    .filter(({ status }) => status !== 'ok')
    .map((finding) => [finding.check, finding] as const);
  return { code, findings, faults: Object.fromEntries(faults) };
}

/** Each fault says how to mend it. */
function expectProblem({ code, faults }: Diagnosis, check: string, mend: RegExp): void {
  expect(Object.keys(faults)).toContain(check);
  expect(faults[check]).toMatchObject({ status: 'problem', mend: expect.stringMatching(mend) });
  expect(code).toBe(1);
}

describe('a server that runs', () => {
  beforeAll(start);
  afterAll(stop);

  test('a sound set-up has no problems, in JSON and in words', async () => {
    const { code, faults, findings } = await diagnose();
    expect(Object.values(faults).filter(({ status }) => status === 'problem')).toEqual([]);
    expect(code).toBe(0);
    const checks = findings.map(({ check }) => check);
    for (const check of ['keys.file', 'engine.reachable', 'engine.clock', 'tokens.use', 'databases.design']) {
      expect(checks).toContain(check);
    }
    const { printed } = await runCommand(doctorCommand, [], { env: environmentOf(settee) });
    expect(printed.at(-1)).toMatch(/^no problems, /);
  });

  test('it changes nothing', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'settee-doctor-'));
    const directory = join(empty, 'data');
    const { code } = await diagnose({ env: { DATA_DIR: directory, COUCHDB_URL: undefined } });
    expect(code).toBe(0);
    await expect(chmod(directory, 0o700)).rejects.toThrow(/ENOENT/);
    await rm(empty, { recursive: true });
  });

  describe('the engine', () => {
    test('that is not there', async () => {
      const found = await diagnose({ env: { COUCHDB_URL: 'http://admin:password@127.0.0.1:9' } });
      expectProblem(found, 'engine.reachable', /Start it, or correct COUCHDB_URL/);
    });

    test('that is another program', async () => {
      const found = await diagnose({ env: { COUCHDB_URL: settee.url.replace('//', '//admin:password@') } });
      expectProblem(found, 'engine.reachable', /Check COUCHDB_URL/);
    });

    test('that does not accept the password', async () => {
      const url = new URL(settee.engineUrl);
      url.password = 'wrong';
      expectProblem(await diagnose({ env: { COUCHDB_URL: url.href } }), 'engine.password', /Correct them/);
    });

    test('whose clock differs', async () => {
      const behind = await diagnose({ clock: () => new Date(Date.now() + 90_000) });
      expectProblem(behind, 'engine.clock', /time server/);
      expect(behind.faults['engine.clock']?.message).toMatch(/(?:89|90|91) s behind/);
      const ahead = await diagnose({ clock: () => new Date(Date.now() - 8_000) });
      expect(ahead.faults['engine.clock']).toMatchObject({ status: 'warning' });
      expect(ahead.faults['engine.clock']?.message).toMatch(/ ahead of /);
    });
  });

  test('with a key file that is broken', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'settee-doctor-'));
    await writeFile(join(directory, 'keys.json'), '{"version":1,"keys":[]}', { mode: 0o600 });
    expectProblem(await diagnose({ env: { DATA_DIR: directory } }), 'keys.file', /Restore it/);
    await rm(directory, { recursive: true });
  });

  describe('the configuration', () => {
    test('with a variable that makes no sense', async () => {
      const found = await diagnose({ env: { PORT: 'eighty', RETENTION_MONTHS: '0' } });
      expect(found.findings).toHaveLength(2);
      expectProblem(found, 'configuration', /Correct it/);
    });

    test('with a port that another program holds, and with one where Settee itself answers', async () => {
      const holder: Server = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
      const { port } = holder.address() as AddressInfo;
      expectProblem(await diagnose({ env: { PORT: String(port) } }), 'ports.PORT', /another port/);
      await new Promise((resolve) => holder.close(resolve));

      const { findings, code } = await diagnose({ env: { PORT: new URL(settee.url).port } });
      expect(findings.find(({ check }) => check === 'ports.PORT')?.message).toMatch(/Settee is running/);
      expect(code).toBe(0);
    });
  });
});

describe('a set-up that was damaged', () => {
  beforeEach(start);
  afterEach(stop);

  test('an engine that lacks the public key', async () => {
    const config = createNodeConfig(createEngineHttp(settee.engineUrl));
    for (const { kid } of settee.services.keyring.enginePublicKeys()) {
      for (const node of await config.nodes()) await config.remove(node, 'jwt_keys', `ec:${kid}`);
    }
    expectProblem(await diagnose(), 'tokens.keys', /\[jwt_keys\]\n\s*ec:settee-engine-/);
  });

  describe('the spaces', () => {
    test('that lack an owner or a database, or that nobody knows, are named', async () => {
      const { spaces, couch } = settee.services;
      const team = await spaces.createSpace({ kind: 'team', name: 'Team', owner: account.user.id });
      expect((await diagnose()).faults).not.toHaveProperty('spaces.databases');
      const entries = couch.admin<Record<string, unknown>>(serverDatabaseName('directory', couch.prefix));
      await entries.insert({ ...(await entries.get(`space:${team.id}`)), members: {}, outbox: ['x'] });
      await couch.deleteDatabase(team.database);
      await couch.createDatabase(`${couch.prefix}space-nobody`, 'space', 'nobody');
      const found = await diagnose();
      expectProblem(found, 'spaces.owners', /settee-directory/);
      expectProblem(found, 'spaces.databases', /backup/);
      expect(found.faults['spaces.unknown']?.message).toContain('space-nobody');
      expect(found.faults['spaces.unfinished']?.message).toContain(team.id);
      await couch.deleteDatabase(`${couch.prefix}space-nobody`);
      const { _rev } = await entries.get(`space:${team.id}`);
      await entries.destroy(`space:${team.id}`, _rev);
      expect((await diagnose()).code).toBe(0);
    });
  });

  describe('the databases', () => {
    test('with an old design document, or none', async () => {
      const database = settee.services.couch.admin<{ setteeVersion: number }>(account.database);
      const design = await database.get('_design/settee');
      await database.insert({ ...design, setteeVersion: designDocumentFor('space').setteeVersion - 1 });
      const old = await diagnose();
      expectProblem(old, 'databases.design', /Start this version/);
      expect(old.faults['databases.design']?.message).toContain(account.database);

      const { _rev } = await database.get('_design/settee');
      await database.destroy('_design/settee', _rev);
      expectProblem(await diagnose(), 'databases.design', /Start this version/);
    });

    test('with a design document of a newer Settee', async () => {
      const database = settee.services.couch.admin<{ setteeVersion: number }>(account.database);
      const design = await database.get('_design/settee');
      await database.insert({ ...design, setteeVersion: design.setteeVersion + 100 });
      const { faults, code } = await diagnose();
      expect(faults['databases.design']).toMatchObject({
        status: 'warning',
        mend: expect.stringMatching(/Update/),
      });
      expect(code).toBe(0);
    });

    test('that are open to others', async () => {
      const http = createEngineHttp(settee.engineUrl);
      const open = { admins: { names: [], roles: ['_admin'] }, members: { names: [], roles: [] } };
      await http.request(`/${account.database}/_security`, { method: 'PUT', body: open });
      expectProblem(await diagnose(), 'databases.security', /Start Settee/);
    });

    test('without the accounts', async () => {
      await settee.services.couch.deleteDatabase(`${settee.config.databasePrefix}settee-accounts`);
      expectProblem(await diagnose(), 'databases.count', /backup/);
    });
  });

  describe('the data folder', () => {
    test('whose key file others can read', async () => {
      await chmod(join(settee.config.dataDirectory, 'keys.json'), 0o644);
      // The running server mends that when it reads the file again; here nothing touches it.
      expectProblem(await diagnose(), 'keys.permissions', /chmod 600/);
    });

    test('that others can write', async () => {
      await chmod(settee.config.dataDirectory, 0o777);
      expectProblem(await diagnose(), 'data.permissions', /chmod 700/);
    });
  });
});
