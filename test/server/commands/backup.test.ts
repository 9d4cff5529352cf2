import { rm, stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { personalDatabase, runsDatabase, serverDatabaseName } from '../../../schema/index.ts';
import { backupCommand } from '../../../server/commands/backup.ts';
import { writeBackup } from '../../../server/commands/backup/write-backup.ts';
import { restoreCommand } from '../../../server/commands/restore.ts';
import { createEngineHttp, type EngineHttp } from '../../../server/couch/engine-http.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { startSettee, type TestAccount } from '../../support/settee.ts';
import { localPouch, registerPersonal, remotePouch } from '../proxy/personal-account.ts';
import { environmentOf, runCommand } from './run-command.ts';
import { leavesInEngine, leavesInPouch } from './user-data.ts';
import { readGzip, useBackups } from './use-backups.ts';

const { settee, file, backup, restore, fill, call, signIn, deleteAccount } = useBackups();

describe('a backup of one user, wiped and restored', () => {
  test('replicates 1,000 documents to a new browser with the same leaves', { timeout: 240_000 }, async () => {
    const account = await registerPersonal(settee);
    expect(await fill(account, 700, 300)).toBe(1000);
    const runs = runsDatabase(account.database, new Date().toISOString().slice(0, 7));
    expect((await account.ask(`/${runs}`, { method: 'PUT' })).status).toBe(201);
    const before = await leavesInEngine(settee.engineUrl, account.database);
    expect(before.filter(({ isDeleted }) => isDeleted).length).toBe(56);
    expect(before.filter(({ attachments }) => Object.keys(attachments).length === 2).length).toBe(28);
    expect(before.length).toBe(1000 + 28 * 3);

    expect(await backup('--email', account.email)).toMatchObject({ code: 0, warned: [] });
    await deleteAccount(account);
    expect(await settee.services.couch.exists(account.database)).toBe(false);
    expect(await restore('--email', account.email)).toMatchObject({ code: 0, warned: [] });

    expect(await leavesInEngine(settee.engineUrl, account.database)).toEqual(before);
    expect(await settee.services.couch.exists(runs)).toBe(true);
    const token = await signIn(account);
    const browser = localPouch();
    await browser.replicate.from(remotePouch(account.databaseUrl, () => token));
    expect(await leavesInPouch(browser)).toEqual(before);
    await browser.destroy();
  });

  test('brings keys back and leaves sessions and other people out', async () => {
    const account = await registerPersonal(settee);
    const other = await registerPersonal(settee);
    const created = await call('POST', '/api/keys', account.accessToken, { name: 'robot', scopes: ['read'] });
    const { key: token } = (await created.json()) as { key: string };
    expect((await call('GET', '/api/auth/me', token)).status).toBe(200);
    await backup('--email', account.email.toUpperCase());
    const text = await readGzip(file);
    expect(text).toContain(account.user.id);
    expect(text).not.toContain(other.user.id);
    expect(text).not.toContain('"session:');

    await deleteAccount(account);
    expect((await call('GET', '/api/auth/me', token)).status).toBe(401);
    expect((await restore()).code).toBe(0);
    await settee.restart();
    expect((await call('GET', '/api/auth/me', token)).status).toBe(200);
    expect((await call('GET', '/api/auth/me', account.accessToken)).status).toBe(401);
  });
});

describe('a browser that was ahead of the backup', () => {
  test('brings its later edits back by itself', async () => {
    const account = await registerPersonal(settee);
    const browser = localPouch();
    const [first, second]: { _id: string; name: string }[] = makeFlowDocuments({
      seed: 3,
      count: 2,
      size: 800,
    });
    if (!first || !second) throw new Error('no flows');
    const sync = (token: string): Promise<unknown> =>
      Promise.resolve(browser.sync(remotePouch(account.databaseUrl, () => token)));
    await browser.put(first);
    await sync(account.accessToken);
    await backup('--email', account.email);

    const doc = await browser.get<{ name: string }>(first._id);
    await browser.put({ ...doc, name: 'edited after the backup' });
    await browser.put(second);
    await sync(account.accessToken);
    const ahead = await leavesInPouch(browser);

    await deleteAccount(account);
    expect((await restore()).code).toBe(0);
    expect(await leavesInEngine(settee.engineUrl, account.database)).not.toEqual(ahead);
    await sync(await signIn(account));
    expect(await leavesInEngine(settee.engineUrl, account.database)).toEqual(ahead);
    await browser.destroy();
  });
});

describe('a backup of everything', () => {
  test('moves to another deployment with another prefix', async () => {
    const accounts = [await registerPersonal(settee), await registerPersonal(settee)];
    for (const account of accounts) await fill(account);
    expect((await backup()).code).toBe(0);
    const before = await Promise.all(
      accounts.map(({ database }) => leavesInEngine(settee.engineUrl, database)),
    );

    const elsewhere = await startSettee();
    try {
      const moved = await runCommand(restoreCommand, [file], { env: environmentOf(elsewhere) });
      expect(moved).toMatchObject({ code: 0, warned: [] });
      for (const [n, { user, email, password }] of accounts.entries()) {
        const database = personalDatabase(user.id, elsewhere.config.databasePrefix);
        expect(await leavesInEngine(elsewhere.engineUrl, database)).toEqual(before[n]);
        const answer = await fetch(`${elsewhere.url}/api/auth/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email, password }),
        });
        expect(answer.status).toBe(200);
      }
    } finally {
      await elsewhere.stop();
    }
  });

  test('holds the newest word on documents that are written meanwhile', async () => {
    const account = await registerPersonal(settee);
    await fill(account, 100, 0);
    const database = settee.services.couch.admin<{ _id: string; _rev: string; name: string }>(
      account.database,
    );
    const rewriting = (async () => {
      const { rows } = await database.list({ include_docs: true, limit: 60, start_key: 'flow:' });
      for (const { doc } of rows) if (doc) await database.insert({ ...doc, name: 'rewritten' });
    })();
    await Promise.all([backup(), rewriting]);
    const lines = (await readGzip(file)).split('\n').filter((line) => line !== '');
    const names = new Set(
      lines.flatMap((line) => (JSON.parse(line) as { doc?: { _id: string } }).doc?._id ?? []),
    );
    const { rows } = await database.list({ start_key: 'flow:', end_key: 'flow:\ufff0' });
    expect(rows.filter(({ id }) => !names.has(id))).toEqual([]);
  });
});

test('an account that is registered while a backup runs can be used after a restore', async () => {
  const early = await registerPersonal(settee);
  const { couch, spaces } = settee.services;
  const http = createEngineHttp(settee.engineUrl);
  const accounts = `/${serverDatabaseName('accounts', settee.config.databasePrefix)}/_changes`;
  let late: TestAccount | undefined;
  const slow: EngineHttp = {
    ...http,
    async open(path, request) {
      if (path.startsWith(accounts)) late ??= await settee.register();
      return http.open(path, request);
    },
  };
  const { signal } = new AbortController();
  await writeBackup({ couch, http: slow, path: file, scope: 'all', now: new Date(), signal });
  if (!late) throw new Error('nobody was registered');
  await deleteAccount(early);
  await deleteAccount(late);

  expect(await restore()).toMatchObject({ code: 0, warned: [] });
  await settee.restart();
  for (const account of [early, late]) {
    const token = await signIn(account);
    const flow = { name: 'After', flow: { nodes: [], edges: [] } };
    expect((await call('POST', '/api/flows', token, flow)).status).toBe(201);
  }
  expect((await spaces.personal(late.user.id)).role).toBe('owner');
});

test('a backup never overwrites a file, is readable by its owner only, and leaves nothing when it fails', async () => {
  await settee.register();
  await backup();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await expect(backup()).rejects.toThrow(/exists already/);
  await rm(file);
  await expect(backup('--email', 'nobody@example.org')).rejects.toThrow(/Nobody/);
  const aborted = runCommand(backupCommand, [file], {
    env: environmentOf(settee),
    signal: AbortSignal.abort(),
  });
  await expect(aborted).rejects.toThrow();
  await expect(stat(file)).rejects.toThrow();
  await expect(stat(`${file}.partial`)).rejects.toThrow();
});
