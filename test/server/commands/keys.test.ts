import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { keysCommand } from '../../../server/commands/keys.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { useFreshSettee } from '../../support/use-settee.ts';
import { eventually, localPouch, registerPersonal, remotePouch } from '../proxy/personal-account.ts';
import { environmentOf, runCommand } from './run-command.ts';

const settee = useFreshSettee();

async function newestKeys(): Promise<{ jwks: string[]; engine: string | undefined }> {
  const answer = await fetch(`${settee.url}/.well-known/jwks.json`);
  const { keys } = (await answer.json()) as { keys: { kid: string }[] };
  return { jwks: keys.map(({ kid }) => kid), engine: settee.services.keyring.enginePublicKeys()[0]?.kid };
}

function kidOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}

test('a rotation signs nobody out: tokens of before verify, live replication goes on, new tokens have the new key', async () => {
  const account = await registerPersonal(settee);
  const browser = localPouch();
  const live = browser.sync(
    remotePouch(account.databaseUrl, () => account.accessToken),
    { live: true, retry: true },
  );
  const errors: unknown[] = [];
  void live.on('error', (error) => void errors.push(error)).on('denied', (error) => void errors.push(error));
  const [before, after] = makeFlowDocuments({ seed: 5, count: 2, size: 800 });
  if (!before || !after) throw new Error('no flows');
  const database = settee.services.couch.admin(account.database);
  await database.insert(before);
  await eventually(() => browser.get(before._id));
  const old = await newestKeys();

  const { code, printed } = await runCommand(keysCommand, ['rotate'], { env: environmentOf(settee) });
  expect(code).toBe(0);
  await eventually(async () => expect((await newestKeys()).engine).not.toBe(old.engine));
  const now = await newestKeys();
  expect(printed.join(' ')).toContain(now.engine);
  expect(now.jwks).toEqual([expect.any(String), ...old.jwks]);

  // The engine takes tokens of the new key, in the proxy's requests and straight.
  await eventually(async () => {
    const token = await settee.services.keyring.signEngine({ sub: account.user.id, roles: [], seconds: 30 });
    expect(kidOf(token)).toBe(now.engine);
    const session = await fetch(`${new URL(settee.engineUrl).origin}/_session`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await session.json()).toMatchObject({ userCtx: { name: account.user.id } });
  });
  await database.insert(after);
  await eventually(() => browser.get(after._id));
  await browser.put({ ...(await browser.get(after._id)), name: 'edited after the rotation' });
  await eventually(async () =>
    expect(await database.get(after._id)).toMatchObject({ name: 'edited after the rotation' }),
  );

  const me = await fetch(`${settee.url}/api/auth/me`, {
    headers: { authorization: `Bearer ${account.accessToken}` },
  });
  expect(me.status).toBe(200);
  const refreshed = await fetch(`${settee.url}/api/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refreshToken: account.refreshToken }),
  });
  expect(refreshed.status).toBe(200);
  expect(kidOf(((await refreshed.json()) as { accessToken: string }).accessToken)).toBe(now.jwks[0]);
  expect(errors).toEqual([]);
  live.cancel();
  await sleep(50);
  await browser.destroy();
});

test('the key file stays readable by its owner only and keeps the old keys', async () => {
  const path = join(settee.config.dataDirectory, 'keys.json');
  await runCommand(keysCommand, ['rotate'], { env: environmentOf(settee) });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const { keys } = JSON.parse(await readFile(path, 'utf8')) as { keys: { retiredAt?: string }[] };
  expect(keys.filter(({ retiredAt }) => retiredAt === undefined)).toHaveLength(2);
  expect(keys.filter(({ retiredAt }) => retiredAt !== undefined)).toHaveLength(2);
});

test('a folder without keys is refused: it is the wrong one', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'settee-keys-'));
  const env = { ...environmentOf(settee), DATA_DIR: empty };
  await expect(runCommand(keysCommand, ['rotate'], { env })).rejects.toThrow(/There are no keys/);
  await expect(runCommand(keysCommand, ['burn'], { env })).rejects.toThrow(/"burn"/);
  await expect(runCommand(keysCommand, [], { env })).rejects.toThrow(/missing/);
  await rm(empty, { recursive: true });
});
