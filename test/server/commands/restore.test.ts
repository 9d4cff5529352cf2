import { createWriteStream } from 'node:fs';
import { copyFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { serverDatabaseName } from '../../../schema/index.ts';
import { restoreBackup } from '../../../server/commands/backup/restore-backup.ts';
import { createEngineHttp, type EngineHttp } from '../../../server/couch/engine-http.ts';
import { registerPersonal } from '../proxy/personal-account.ts';
import { leavesInEngine } from './user-data.ts';
import { readGzip, useBackups } from './use-backups.ts';

const { settee, folder, file, backup, restore, fill, call, signIn, deleteAccount } = useBackups();

function writeGzip(path: string, text: string): Promise<void> {
  return pipeline(Readable.from([text]), createGzip(), createWriteStream(path));
}

describe('a restore refuses', () => {
  test('a file that is cut off or altered, before it writes anything', async () => {
    const account = await registerPersonal(settee);
    await fill(account);
    await backup();
    await deleteAccount(account);
    const { size } = await stat(file);
    const whole = join(folder, 'whole.gz');
    await copyFile(file, whole);

    await truncate(file, size - 40);
    await expect(restore()).rejects.toThrow(/incomplete/);
    const text = await readGzip(whole);
    const lines = text.split('\n');
    await writeGzip(file, `${lines.slice(0, -2).join('\n')}\n`);
    await expect(restore()).rejects.toThrow(/incomplete/);
    await writeGzip(file, text.replace('"name":"', '"name":"x'));
    await expect(restore()).rejects.toThrow(/damaged/);
    await writeGzip(file, lines.filter((_, n) => n !== 5).join('\n'));
    await expect(restore()).rejects.toThrow(/damaged/);
    await writeFile(file, 'no backup at all');
    await expect(restore()).rejects.toThrow(/no backup/);
    expect(await settee.services.couch.exists(account.database)).toBe(false);
  });

  test('to write into a space with documents unless forced, and then keeps what is newer', async () => {
    const account = await registerPersonal(settee);
    await fill(account);
    await backup();
    const database = settee.services.couch.admin<{ _id: string; _rev?: string; name: string }>(
      account.database,
    );
    const { rows } = await database.list({ include_docs: true, limit: 1, start_key: 'flow:' });
    const doc = rows[0]?.doc;
    if (!doc) throw new Error('there is no flow');
    await database.insert({ ...doc, name: 'later' });
    const before = await leavesInEngine(settee.engineUrl, account.database);

    await expect(restore()).rejects.toThrow(/--force/);
    expect(await restore('--force')).toMatchObject({ code: 0, warned: [] });
    expect(await restore('--force')).toMatchObject({ code: 0, warned: [] });
    expect(await leavesInEngine(settee.engineUrl, account.database)).toEqual(before);
    expect(await signIn(account)).toBeTypeOf('string');
  });

  test('an address that belongs to somebody else now', async () => {
    const account = await registerPersonal(settee);
    await backup('--email', account.email);
    await deleteAccount(account);
    await settee.register(account.email);
    await expect(restore('--force')).rejects.toThrow(/another account/);
  });

  test("a backup of everybody where one user's is asked for", async () => {
    const account = await registerPersonal(settee);
    await backup();
    await expect(restore('--email', account.email)).rejects.toThrow(/backup of everybody/);
  });
});

test('an interrupted restore goes on where it is started again', async () => {
  const account = await registerPersonal(settee);
  await fill(account, 100, 20);
  const before = await leavesInEngine(settee.engineUrl, account.database);
  await backup();
  await deleteAccount(account);

  const stop = new AbortController();
  const { couch, spaces } = settee.services;
  const http = createEngineHttp(settee.engineUrl);
  const interrupted = restoreBackup({
    couch,
    spaces,
    http,
    path: file,
    force: false,
    signal: stop.signal,
    onDatabase: () => stop.abort(new Error('interrupted')),
  });
  await expect(interrupted).rejects.toThrow('interrupted');
  expect(await restore()).toMatchObject({ code: 0, warned: [] });
  expect(await leavesInEngine(settee.engineUrl, account.database)).toEqual(before);
  // The trace of the restore is gone: the space is the user's again.
  await expect(restore()).rejects.toThrow(/--force/);
});

test('a restore interrupted while it revives an account goes on where it is started again', async () => {
  const account = await registerPersonal(settee);
  const created = await call('POST', '/api/keys', account.accessToken, { name: 'robot', scopes: ['read'] });
  const { key } = (await created.json()) as { key: string };
  await backup();
  await deleteAccount(account);

  const { couch } = settee.services;
  const http = createEngineHttp(settee.engineUrl);
  const accounts = `/${serverDatabaseName('accounts', settee.config.databasePrefix)}`;
  for (let round = 0; round < 2; round += 1) {
    let posts = 0;
    const failing: EngineHttp = {
      ...http,
      async request(path, request) {
        if (path === accounts && request?.method === 'POST' && ++posts > 1) throw new Error('interrupted');
        return http.request(path, request);
      },
    };
    const { signal } = new AbortController();
    await expect(
      restoreBackup({
        couch,
        spaces: settee.services.spaces,
        http: failing,
        path: file,
        force: false,
        signal,
      }),
    ).rejects.toThrow('interrupted');
  }
  expect(await restore()).toMatchObject({ code: 0, warned: [] });
  await settee.restart();
  expect((await call('GET', '/api/flows', await signIn(account))).status).toBe(200);
  expect((await call('GET', '/api/auth/me', key)).status).toBe(200);
});
