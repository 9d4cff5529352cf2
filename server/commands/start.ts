import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseConfig, type Config } from '../config.ts';
import { ensureAdministrator, startEmbeddedEngine } from '../embedded/index.ts';
import { SetupError } from '../errors.ts';
import { startRepeating } from '../start-repeating.ts';
import type { Log } from '../log.ts';
import { startRetention } from '../spaces/start-retention.ts';
import { startServer, type RunningServer, type Services } from '../start-server.ts';
import { readArguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';

/** The engine that the server works on: CouchDB elsewhere, or the embedded one in this process. */
interface Engine {
  url: string;
  /** Where an administrator can look inside. */
  fauxton: string;
  /** Set once, when the administrator was made. */
  createdPassword?: string;
  close(): Promise<void>;
}

async function openEngine(config: Config, log: Log): Promise<Engine> {
  if (config.couchdbUrl !== undefined) {
    const { origin } = new URL(config.couchdbUrl);
    return { url: config.couchdbUrl, fauxton: `${origin}/_utils`, close: async () => {} };
  }
  const directory = config.dataDirectory;
  const { created } = await ensureAdministrator(directory, config.administratorPassword);
  const engine = await startEmbeddedEngine({
    directory,
    port: config.couchdbPort,
    plainUsers: config.embeddedPlainUsers,
    log,
  }).catch((cause: unknown) => {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause;
    throw new SetupError(
      `Port ${config.couchdbPort} is taken by another program, perhaps a CouchDB. Set COUCHDB_PORT to another one ` +
        'for the embedded engine, or COUCHDB_URL to use that CouchDB.',
      { cause },
    );
  });
  return {
    url: engine.serviceUrl,
    fauxton: `${engine.url}/_utils`,
    ...(created === undefined ? {} : { createdPassword: created }),
    close: () => engine.close(),
  };
}

/** The built web application, beside the compiled server or in `dist` when run from the sources; undefined until it is built. */
function pagesDirectory(): string | undefined {
  const fromSources = import.meta.url.endsWith('.ts');
  const directory = fileURLToPath(
    new URL(fromSources ? '../../dist/studio' : '../../studio', import.meta.url),
  );
  return existsSync(directory) ? directory : undefined;
}

/** Longer than a claim to an address lasts whose account was never made. */
const claimMilliseconds = 61_000;

/** Makes the first administrator; where the address is being registered, later, while requests are served. */
async function prepareAdministrator(
  config: Config,
  { auth }: Services,
  { log, signal, warn }: CommandContext,
): Promise<void> {
  const { firstAdministrator: account } = config;
  if (!account) return;
  const outcome = await auth.ensureAdministrator(account);
  if (outcome === 'refused') {
    warn(
      `${account.email} has an account with another password than FIRST_ADMIN_PASSWORD: it was not made administrator.`,
    );
  }
  if (outcome !== 'pending') return;
  const again = async (): Promise<void> => {
    await sleep(claimMilliseconds, undefined, { signal, ref: false });
    const later = await auth.ensureAdministrator(account);
    if (later === 'pending' || later === 'refused') {
      warn(`${account.email} is being registered by somebody else: it was not made administrator.`);
    }
  };
  void again().catch((error: unknown) => {
    if (!signal.aborted) log.error({ err: error }, 'the first administrator could not be made');
  });
}

function rollOutDesignDocuments(couch: Services['couch'], log: Log, signal: AbortSignal): void {
  const onProgress = ({ done, total }: { done: number; total: number }): void => {
    if (done % 100 === 0 || done === total) log.debug({ done, total }, 'design documents');
  };
  couch.rollOut({ signal, onProgress }).then(
    ({ total, updated, newer, failed }) => {
      const failures = failed.length > 0 ? { failed } : {};
      log.info(
        { total, updated: updated.length, newer: newer.length, ...failures },
        'design documents are current',
      );
    },
    (error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, 'design documents could not be rolled out');
    },
  );
}

/** Work that goes on while requests are served. */
function startBackground(
  config: Config,
  { auth, couch, spaces }: Services,
  log: Log,
  signal: AbortSignal,
): void {
  // Outside checks make databases of these names with rules of their own, which the roll-out would put right.
  if (!config.embeddedPlainUsers) rollOutDesignDocuments(couch, log, signal);
  const onError = (error: unknown): void => log.error({ err: error }, 'account removals failed');
  startRepeating(() => auth.finishRemovals(), { signal, onError });
  startRetention({ spaces, log, signal, months: config.retentionMonths });
}

function announce(config: Config, engine: Engine, server: RunningServer, { print }: CommandContext): void {
  const origin =
    config.publicUrl ?? server.url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
  print('');
  print(`  Settee     ${origin}`);
  print(`  API        ${origin}/api/docs`);
  print(`  Fauxton    ${engine.fauxton}`);
  if (engine.createdPassword !== undefined) {
    print('');
    print(`  Fauxton's administrator is admin with the password ${engine.createdPassword}`);
    print('  It is shown this once; set ADMIN_PASSWORD to choose another.');
  }
  print('');
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function assertWritable(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new SetupError(`DATA_DIR ${directory} cannot be made: choose a folder that this user may write.`, {
      cause,
    });
  });
}

async function serve(config: Config, engine: Engine, context: CommandContext): Promise<void> {
  const { log, signal } = context;
  const pages = pagesDirectory();
  const server = await startServer({
    config,
    log,
    engineUrl: engine.url,
    ...(pages === undefined ? {} : { pages }),
  });
  try {
    await prepareAdministrator(config, server.services, context);
    startBackground(config, server.services, log, signal);
    announce(config, engine, server, context);
    await untilAborted(signal);
    log.info('stopping');
  } finally {
    await server.close();
  }
}

/** Serves until SIGINT or SIGTERM, then stops without losing a write. */
export const startCommand: Command = {
  usage: '',
  summary: 'Serve (the default)',
  async run(args, context) {
    readArguments(args, { positionals: [], options: {} });
    const config = parseConfig(context.env);
    await assertWritable(config.dataDirectory);
    const engine = await openEngine(config, context.log);
    try {
      await serve(config, engine, context);
    } finally {
      await engine.close();
    }
    return 0;
  },
};
