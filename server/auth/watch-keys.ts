import { serverDatabaseName } from '../../schema/index.ts';
import type { Couch } from '../couch/couch.ts';
import { engineStatus, orNull } from '../couch/engine-error.ts';
import type { Keyring } from '../couch/keyring.ts';
import type { Log } from '../log.ts';
import { startRepeating } from '../start-repeating.ts';

/** Which keys the processes of this deployment sign access tokens with. Local: no feed and no backup needs it. */
interface SigningKeys {
  _id: typeof documentId;
  _rev?: string;
  /** By kid: when a process that signs with it was last seen, ISO 8601. */
  seenAt: Record<string, string>;
}

const documentId = '_local/signing-keys';
/** Shorter than a key is kept after its rotation, so that one that is over is not taken for another process's. */
const aliveMilliseconds = 5 * 60_000;
const everyMilliseconds = 2 * 60_000;

export interface WatchKeysOptions {
  couch: Couch;
  keyring: Pick<Keyring, 'jwks' | 'reload'>;
  log: Log;
  clock: () => Date;
  signal: AbortSignal;
}

/**
 * Notes in the accounts database which key this process signs with, and complains of another that signs with a key
 * unknown here: each would refuse the other's tokens.
 */
export function watchKeys({ couch, keyring, log, clock, signal }: WatchKeysOptions): void {
  const accounts = couch.admin<SigningKeys>(serverDatabaseName('accounts', couch.prefix));
  const kids = (): string[] => keyring.jwks().keys.flatMap(({ kid }) => kid ?? []);

  async function isStrange(alive: readonly string[]): Promise<boolean> {
    const knowsAll = (): boolean => alive.every((kid) => kids().includes(kid));
    if (knowsAll()) return false;
    await keyring.reload();
    return !knowsAll();
  }

  async function check(): Promise<void> {
    const now = clock();
    const found = await orNull(accounts.get(documentId));
    const alive = Object.entries(found?.seenAt ?? {}).filter(
      ([, seenAt]) => now.getTime() - Date.parse(seenAt) < aliveMilliseconds,
    );
    if (await isStrange(alive.map(([kid]) => kid))) {
      log.error(
        'another Settee process on these databases signs with other keys, or did until minutes ago: each refuses the ' +
          "other's tokens; give all of them the same keys.json in DATA_DIR",
      );
    }
    const [newest] = kids();
    if (newest === undefined) return;
    const seenAt = { ...Object.fromEntries(alive), [newest]: now.toISOString() };
    await accounts.insert({ ...found, _id: documentId, seenAt }, documentId).catch((error: unknown) => {
      // Another process was quicker; the next time will do.
      if (engineStatus(error) !== 409) throw error;
    });
  }

  startRepeating(check, {
    signal,
    everyMilliseconds,
    onError(error) {
      if (!signal.aborted) log.warn({ err: error }, 'the keys of other processes could not be looked at');
    },
  });
}
