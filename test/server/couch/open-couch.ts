import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectCouch, type ConnectCouchOptions } from '../../../server/couch/connect-couch.ts';
import type { Couch } from '../../../server/couch/couch.ts';
import { createKeyring, type Keyring, type KeyringOptions } from '../../../server/couch/keyring.ts';
import { createLog } from '../../../server/log.ts';
import { startTestEngine } from '../../support/engine.ts';

export const silentLog = createLog({ level: 'silent' });

export interface TestCouch {
  couch: Couch;
  keyring: Keyring;
  /** With the administrator's credentials. */
  url: string;
  prefix: string;
  kind: 'embedded' | 'couchdb';
  /** Another process of the same deployment: its own keyring on the same file, its own connection. */
  another(options?: Partial<ConnectCouchOptions>): Promise<Couch>;
  stop(): Promise<void>;
}

/** A fresh engine with a connection to it. */
export async function openCouch(keyringOptions: Partial<KeyringOptions> = {}): Promise<TestCouch> {
  const engine = await startTestEngine();
  const directory = await mkdtemp(join(tmpdir(), 'settee-couch-'));
  const openKeyring = (): Promise<Keyring> =>
    createKeyring({ directory, log: silentLog, watchMilliseconds: 20, ...keyringOptions });
  const keyring = await openKeyring();
  const { url, prefix } = engine;
  const couch = await connectCouch({ url, prefix, keyring, log: silentLog });
  const opened: { couch: Couch; keyring: Keyring }[] = [{ couch, keyring }];
  return {
    couch,
    keyring,
    url,
    prefix,
    kind: engine.kind,
    async another(options = {}) {
      const others = { keyring: await openKeyring() };
      const next = await connectCouch({ url, prefix, log: silentLog, ...others, ...options });
      opened.push({ couch: next, ...others });
      return next;
    },
    async stop() {
      for (const one of opened) {
        await one.couch.close();
        one.keyring.close();
      }
      await forgetKeys(url, keyring);
      await engine.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A CouchDB that outlives the test does not keep its keys. */
async function forgetKeys(url: string, keyring: Keyring): Promise<void> {
  for (const { kid } of keyring.enginePublicKeys()) {
    await engineFetch(url, `/_node/_local/_config/jwt_keys/ec:${kid}`, { method: 'DELETE' });
  }
}

/** A request to the engine as its administrator, or with another `Authorization`. */
export async function engineFetch(
  url: string,
  path: string,
  options: { method?: string; body?: unknown; authorization?: string } = {},
): Promise<{ status: number; body: unknown }> {
  const { origin, username, password } = new URL(url);
  const authorization =
    options.authorization ?? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const response = await fetch(origin + path, {
    method: options.method ?? 'GET',
    headers: { authorization, 'content-type': 'application/json' },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
}
