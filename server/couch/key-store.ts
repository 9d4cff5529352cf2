import type { Log } from '../log.ts';
import { createKeyFile } from './key-file.ts';
import { endOfKey, rotatedKeys, withAcceptedKey, withoutKeys } from './key-rotation.ts';
import { openStoredKey, type KeyFileContent, type SigningKey } from './signing-key.ts';

export interface KeyStoreOptions {
  path: string;
  log: Log;
  /** How long a retired key still verifies. */
  retentionMilliseconds: number;
  /** How often the file is looked at. */
  watchMilliseconds: number;
  clock: () => Date;
}

/** The keys of the file, kept up to date with what other processes write there. */
export interface KeyStore {
  /** Keys that still verify, newest first. */
  keys(use: SigningKey['use']): SigningKey[];
  /** The key that signs: one of `kids` where it is held, else the newest. */
  signer(use: SigningKey['use'], kids?: ReadonlySet<string>): SigningKey;
  dropped(): string[];
  rotate(): Promise<void>;
  /** Remembers that CouchDB takes tokens of this engine key: those before it may go. */
  accept(kid: string): Promise<void>;
  reload(): Promise<void>;
  onChange(listener: () => void): () => void;
  close(): void;
}

/** Opens the file, making it at the first start. */
export async function openKeyStore(options: KeyStoreOptions): Promise<KeyStore> {
  const { clock, log, retentionMilliseconds } = options;
  const file = createKeyFile(options.path);
  const listeners = new Set<() => void>();
  let keys: SigningKey[] = [];
  let content: KeyFileContent | null = null;
  let fingerprint = '';

  const isOver = (key: SigningKey, _index: number, all: readonly SigningKey[]): boolean =>
    endOfKey(key, all, retentionMilliseconds) < clock().getTime();

  function withoutOverdueKeys(current: KeyFileContent): KeyFileContent | null {
    const over = current.keys.map(openStoredKey).filter(isOver);
    return over.length === 0 ? null : withoutKeys(current, new Set(over.map(({ kid }) => kid)));
  }

  async function reload(): Promise<void> {
    // Taken before reading: a file that is replaced in between is then read once more.
    const seen = await file.fingerprint();
    const next = await file.read();
    if (next === null) return;
    fingerprint = seen;
    if (JSON.stringify(next) === JSON.stringify(content)) return;
    const isFirst = content === null;
    keys = next.keys.map(openStoredKey);
    content = next;
    if (!isFirst) for (const listener of listeners) listener();
  }

  async function look(): Promise<void> {
    if (keys.some(isOver)) {
      await file.update((current) => current && withoutOverdueKeys(current));
    }
    if ((await file.fingerprint()) !== fingerprint) await reload();
  }

  await file.update((current) => (current ? null : rotatedKeys(null, clock())));
  await reload();
  const stopWatching = repeat(options.watchMilliseconds, () =>
    look().catch((error: unknown) => log.error({ err: error }, 'the key file could not be followed')),
  );

  const usable = (use: SigningKey['use']): SigningKey[] =>
    keys.filter((key, index) => key.use === use && !isOver(key, index, keys));
  return {
    keys: usable,
    signer(use, kids) {
      const held = usable(use);
      const key =
        held.find(({ kid }) => kids?.has(kid)) ?? held.find(({ retiredAt }) => retiredAt === undefined);
      if (!key) throw new Error(`There is no ${use} key to sign with.`);
      return key;
    },
    dropped: () => content?.dropped ?? [],
    async rotate() {
      await file.update((current) => rotatedKeys(current, clock()));
      await reload();
    },
    async accept(kid) {
      if (keys.some((key) => key.kid === kid && key.acceptedAt !== undefined)) return;
      await file.update((current) => current && withAcceptedKey(current, kid, clock()));
      await reload();
    },
    reload,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: stopWatching,
  };
}

/** Runs `work` again and again, never twice at once, without keeping the process alive. */
function repeat(milliseconds: number, work: () => Promise<void>): () => void {
  let working = false;
  const timer = setInterval(() => {
    if (working) return;
    working = true;
    void work().finally(() => (working = false));
  }, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
