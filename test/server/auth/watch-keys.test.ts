import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchKeys } from '../../../server/auth/watch-keys.ts';
import { createKeyring, type Keyring } from '../../../server/couch/keyring.ts';
import { createLog } from '../../../server/log.ts';
import { eventually } from '../../support/rest-client.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';

let settee: TestSettee;
let directory: string;
let strange: Keyring;
let now: Date;

const silent = createLog({ level: 'silent' });

beforeEach(async () => {
  now = new Date();
  settee = await startSettee({ clock: () => now });
  // Of two who note themselves at once, one waits for the next time.
  await eventually(async () => (await seenAt()) !== undefined);
  directory = await mkdtemp(join(tmpdir(), 'settee-strange-'));
  strange = await createKeyring({ directory, log: silent });
});
afterEach(async () => {
  strange.close();
  await settee.stop();
  await rm(directory, { recursive: true, force: true });
});

/** When each key was last seen in use, as the accounts database notes it. */
async function seenAt(): Promise<Record<string, string> | undefined> {
  const { couch } = settee.services;
  const accounts = couch.admin<{ seenAt: Record<string, string> }>(`${couch.prefix}settee-accounts`);
  const found = await accounts.get('_local/signing-keys').catch(() => null);
  return found?.seenAt;
}

/** What a process with these keys says when it starts, once it is noted. */
async function said(keyring: Keyring): Promise<string> {
  let written = '';
  const log = createLog({ level: 'info', destination: { write: (line) => void (written += line) } });
  const { couch } = settee.services;
  const stopping = new AbortController();
  const at = (now = new Date(now.getTime() + 1)).toISOString();
  watchKeys({ couch, keyring, log, clock: () => now, signal: stopping.signal });
  const kid = keyring.jwks().keys[0]?.kid ?? '';
  await eventually(async () => (await seenAt())?.[kid] === at);
  stopping.abort();
  return written;
}

it('a process that signs with other keys than one that runs is told so', async () => {
  const { keyring } = settee.services;
  expect(await said(keyring)).toBe('');
  expect(await said(strange)).toMatch(/same keys\.json/);
  expect(await said(keyring)).toMatch(/same keys\.json/);
});

it('a process whose keys were rotated, or that follows one long gone, is not', async () => {
  const { keyring } = settee.services;
  expect(await said(keyring)).toBe('');
  await keyring.rotate();
  expect(await said(keyring)).toBe('');
  now = new Date(now.getTime() + 5 * 60_000);
  expect(await said(strange)).toBe('');
});
