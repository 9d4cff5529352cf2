import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSigningKeys } from '../../../server/embedded/signing-keys.ts';

function publicPem(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString().replaceAll('\n', '\\n');
}

it('keeps all keys that are set at the same time', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'settee-keys-'));
  const keys = await createSigningKeys({ directory });
  const names = Array.from({ length: 8 }, (_, n) => `ec:k${n}`);
  await Promise.all(names.map((name) => keys.set(name, publicPem())));
  const again = await createSigningKeys({ directory });
  expect(Object.keys(again.all()).toSorted()).toEqual(names);
  expect(await readdir(directory)).toEqual(['jwt-keys.json']);
  await rm(directory, { recursive: true });
});
