import { SetupError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { EngineServer } from './couch.ts';
import type { EngineHttp } from './engine-http.ts';
import { iniLines, pemOnOneLine } from './ini-lines.ts';
import type { EnginePublicKey, Keyring } from './keyring.ts';
import type { NodeConfig } from './node-config.ts';
import { needsRestart, switchTokensOn, tokenAcceptance, type TokenAcceptance } from './token-acceptance.ts';

export interface EngineKeysOptions {
  http: EngineHttp;
  config: NodeConfig;
  keyring: Keyring;
  server: EngineServer;
  log: Log;
  /** How often every node is looked at again; a minute by default. */
  everyMilliseconds?: number;
}

/** Our public keys inside the engine: put on every node, proved by using them, taken out when they are over. */
export interface EngineKeys {
  /** Keys that the engine has accepted a token of; only they sign. */
  readonly trusted: ReadonlySet<string>;
  /** Throws SetupError where the engine accepts none of our tokens. */
  ensure(): Promise<void>;
  /** The same in the background; failures are logged. */
  ensureSoon(): void;
  /** Resolves when the engine is left alone; its requests should be aborted before. */
  close(): Promise<void>;
}

export function createEngineKeys(options: EngineKeysOptions): EngineKeys {
  const { http, config, keyring, server, log } = options;
  const trusted = new Set<string>();
  const removed = new Set<string>();
  let last: Promise<void> = Promise.resolve();
  let closed = false;

  /** How the engine takes a key; where it refuses the newest, token authentication may not be on yet. */
  async function prove(kid: string, problems: string[]): Promise<TokenAcceptance> {
    const acceptance = await tokenAcceptance(http, keyring, kid);
    if (acceptance === 'accepted' || server.vendor !== 'couchdb') return acceptance;
    log.info({ acceptance }, 'switching token authentication on in CouchDB');
    await switchTokensOn(config).catch((error: unknown) => problems.push(reasonOf(error)));
    return tokenAcceptance(http, keyring, kid);
  }

  /** The first key before the newest that the engine still takes, the one in use before all others. */
  async function findOlder(older: readonly EnginePublicKey[]): Promise<EnginePublicKey | undefined> {
    for (const key of older.toSorted((a, b) => Number(trusted.has(b.kid)) - Number(trusted.has(a.kid)))) {
      if ((await tokenAcceptance(http, keyring, key.kid)) === 'accepted') return key;
    }
    return undefined;
  }

  function trust(kid: string): void {
    trusted.clear();
    trusted.add(kid);
  }

  async function ensureNow(): Promise<void> {
    const keys = keyring.enginePublicKeys();
    const { problems, hasNewest } = await install(config, keys);
    const [newest, ...older] = keys;
    if (!newest) throw new Error('There is no engine key.');
    const acceptance = await prove(newest.kid, problems);
    // A node that lacks the newest key takes the one before it.
    const isHalfway = !hasNewest && older.some(({ kid }) => trusted.has(kid));
    const inUse = acceptance === 'accepted' && !isHalfway ? newest : await findOlder(older);
    if (inUse && inUse !== newest) {
      trust(inUse.kid);
      log.warn(
        { problems, acceptance, lines: iniLines(keys) },
        'the engine does not have the newest key everywhere: the one before it stays in use; put the lines into the ' +
          'configuration of every node where Settee may not',
      );
    } else if (acceptance !== 'accepted') {
      const restart = problems.length === 0 && server.vendor === 'couchdb' && (await needsRestart(http));
      throw refusal({ acceptance, problems, restart, keys, server, origin: http.origin });
    } else {
      trust(newest.kid);
      if (problems.length > 0) log.warn({ problems }, 'some nodes do not have all keys; trying again');
      if (hasNewest) await keyring.acceptEngineKey(newest.kid);
    }
    await removeDropped();
  }

  async function removeDropped(): Promise<void> {
    for (const kid of keyring.droppedEngineKeys()) {
      if (removed.has(kid)) continue;
      try {
        for (const node of await config.nodes()) await config.remove(node, 'jwt_keys', `ec:${kid}`);
        removed.add(kid);
      } catch (error) {
        log.debug({ kid, reason: reasonOf(error) }, 'a key that is over is still in the configuration');
      }
    }
  }

  // One after the other: a rotation may come while the nodes are looked at.
  function ensure(): Promise<void> {
    const next = last.then(ensureNow, ensureNow);
    last = next.catch(() => undefined);
    return next;
  }
  const ensureSoon = (): void => {
    void ensure().catch((error: unknown) => {
      if (!closed) log.error({ err: error }, 'the engine does not accept our tokens');
    });
  };
  const stopListening = keyring.onChange(ensureSoon);
  const timer = setInterval(ensureSoon, options.everyMilliseconds ?? 60_000);
  timer.unref();
  return {
    trusted,
    ensure,
    ensureSoon,
    async close() {
      closed = true;
      stopListening();
      clearInterval(timer);
      await last;
    },
  };
}

/** Puts the keys on every node, the newest first; what a node refuses comes back as text. */
async function install(
  config: NodeConfig,
  keys: readonly EnginePublicKey[],
): Promise<{ problems: string[]; hasNewest: boolean }> {
  const problems = new Set<string>();
  let hasNewest = true;
  const put = async (node: string, { kid, pem }: EnginePublicKey): Promise<void> => {
    const value = pemOnOneLine(pem);
    if ((await config.get(node, 'jwt_keys', `ec:${kid}`)) === value) return;
    await config.set(node, 'jwt_keys', `ec:${kid}`, value);
  };
  for (const node of await config.nodes()) {
    for (const key of keys) {
      try {
        await put(node, key);
      } catch (error) {
        problems.add(reasonOf(error));
        if (key === keys[0]) hasNewest = false;
      }
    }
  }
  return { problems: [...problems], hasNewest };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Refusal {
  acceptance: TokenAcceptance;
  problems: string[];
  /** The configuration is right already. */
  restart: boolean;
  keys: readonly EnginePublicKey[];
  server: EngineServer;
  origin: string;
}

function refusal({ acceptance, problems, restart, keys, server, origin }: Refusal): SetupError {
  const seconds = Math.round(server.clockDifference / 1000);
  if (acceptance === 'refused' && Math.abs(seconds) >= 30) {
    return new SetupError(
      `CouchDB at ${origin} refuses Settee's tokens, and its clock is ${Math.abs(seconds)} s ` +
        `${seconds > 0 ? 'ahead of' : 'behind'} this machine's. Set both by the same time server.`,
    );
  }
  if (restart) {
    return new SetupError(
      `CouchDB at ${origin} does not use tokens yet. Settee has written their handler and its key into the ` +
        `configuration; restart CouchDB, then Settee. Where CouchDB does not keep its configuration, as in a ` +
        `container, put these lines into an ini file of its local.d folder:\n\n${iniLines(keys)}\n`,
    );
  }
  const what =
    acceptance === 'endless'
      ? 'accepts tokens that have expired'
      : "refuses Settee's tokens: it lacks their handler or their key";
  const why = problems.length === 0 ? '' : ` Settee could not set it up by itself (${problems.join('; ')}).`;
  return new SetupError(
    `CouchDB at ${origin} ${what}.${why} Put these lines into an ini file of its local.d folder on every node, ` +
      `then restart it:\n\n${iniLines(keys)}\n`,
  );
}
