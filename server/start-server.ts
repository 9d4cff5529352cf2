import { createApp } from './app.ts';
import type { PasswordCost } from './auth/passwords.ts';
import type { Auth } from './auth/auth.ts';
import { createAuth } from './auth/create-auth.ts';
import { watchKeys } from './auth/watch-keys.ts';
import type { Config } from './config.ts';
import { connectCouch } from './couch/connect-couch.ts';
import type { Couch } from './couch/couch.ts';
import { createKeyring, type Keyring } from './couch/keyring.ts';
import type { HealthCheck } from './http/health.ts';
import { listen, type Listening } from './http/listen.ts';
import { createRequestTracker } from './http/request-tracker.ts';
import type { Log } from './log.ts';
import { createLive, type Live } from './live/live.ts';
import { createSequenceOf } from './live/sequence-of.ts';
import { createMailer } from './mail/create-mailer.ts';
import type { Mailer } from './mail/mailer.ts';
import { createProxy } from './proxy/proxy.ts';
import { createRestRoutes } from './rest/index.ts';
import { serverDatabaseName } from '../schema/index.ts';
import { createDoorbell, type Doorbell } from './spaces/doorbell.ts';
import { createQuota, type Quota } from './spaces/quota.ts';
import { withQuota } from './spaces/quota-guard.ts';
import { createUsageMeter } from './spaces/usage-meter.ts';
import { createSpaces } from './spaces/create-spaces.ts';
import type { Spaces } from './spaces/spaces.ts';

/** The parts of a running server, the way down to the engine. */
export interface Services {
  keyring: Keyring;
  couch: Couch;
  doorbell: Doorbell;
  spaces: Spaces;
  quota: Quota;
  auth: Auth;
  mailer: Mailer;
}

export interface StartServerOptions {
  config: Config;
  log: Log;
  /** The engine, with an administrator's credentials. */
  engineUrl: string;
  /** The folder of the built web application. */
  pages?: string;
  clock?: () => Date;
  /** Instead of the one that the configuration asks for. */
  mailer?: Mailer;
  /** For tests only. */
  passwordCost?: PasswordCost;
}

export interface RunningServer {
  url: string;
  port: number;
  services: Services;
  /** Stops accepting, ends feeds, lets writes finish, then lets go of the engine. */
  close(): Promise<void>;
}

type Close = () => Promise<void> | void;

interface Closers {
  add(close: Close): void;
  /** Closes what was opened, the last first. */
  closeAll(): Promise<void>;
}

function createClosers(): Closers {
  const closers: Close[] = [];
  return {
    add: (close) => void closers.unshift(close),
    async closeAll() {
      for (const close of closers.splice(0)) {
        await close();
      }
    },
  };
}

async function openServices(options: StartServerOptions, closers: Closers): Promise<Services> {
  const { config, log, engineUrl } = options;
  const clock = options.clock ?? (() => new Date());
  const keyring = await createKeyring({
    directory: config.dataDirectory,
    log,
    longestTokenSeconds: config.accessTokenSeconds,
    clock,
  });
  closers.add(() => keyring.close());
  const prefix = config.databasePrefix;
  const doorbell = createDoorbell({ prefix });
  const onWrite = (database: string): void => doorbell.ring(database, { source: 'server' });
  const couch = await connectCouch({ url: engineUrl, prefix, keyring, log, onWrite });
  closers.add(() => couch.close());
  const spaces = createSpaces({ couch, log, clock });
  closers.add(() => spaces.close());
  doorbell.onRing((database, source, userId) => spaces.afterWrite({ database, source, userId }));
  await spaces.watch();
  const quota = createQuota({ meter: createUsageMeter({ couch }), spaces, limits: config.quota });
  const auth = await createAuth({
    couch,
    keyring,
    log,
    spaces,
    clock,
    rules: {
      accessTokenSeconds: config.accessTokenSeconds,
      refreshTokenSeconds: config.refreshTokenDays * 24 * 3600,
      refreshGraceSeconds: config.refreshGraceSeconds,
    },
    ...(options.passwordCost === undefined ? {} : { passwordCost: options.passwordCost }),
  });
  closers.add(() => auth.close());
  const closing = new AbortController();
  closers.add(() => closing.abort());
  watchKeys({ couch, keyring, log, clock, signal: closing.signal });
  const mailer = options.mailer ?? createMailer(config, log);
  closers.add(() => mailer.close());
  return { keyring, couch, doorbell, spaces, quota, auth, mailer };
}

function healthChecksOf({ couch, auth, spaces }: Services): Record<string, HealthCheck> {
  const accounts = couch.admin<object>(serverDatabaseName('accounts', couch.prefix));
  return {
    engine: async () => ((await accounts.info()).db_name === '' ? 'down' : 'up'),
    accountsFeed: () => (auth.isFresh() ? 'up' : 'stale'),
    directoryFeed: () => (spaces.isFresh() ? 'up' : 'stale'),
  };
}

function openLive({ config, log, clock }: StartServerOptions, services: Services, closers: Closers): Live {
  const { couch, doorbell, spaces } = services;
  const sequenceOf = createSequenceOf(couch);
  const live = createLive({
    ...services,
    sequenceOf,
    log,
    limits: { streamsPerUser: config.liveStreamsPerUser },
    ...(clock === undefined ? {} : { clock }),
  });
  const closing = new AbortController();
  closers.add(() => closing.abort());
  couch.followDatabaseUpdates({
    signal: closing.signal,
    onUpdate: (database) => doorbell.ring(database, { source: 'engine' }),
    onGap: () => {
      live.greetAll();
      spaces.endedFlows.afterGap();
      spaces.hiddenFlows.afterGap();
    },
  });
  return live;
}

async function serve(options: StartServerOptions, services: Services, closers: Closers): Promise<Listening> {
  const { config, log, pages } = options;
  const requests = createRequestTracker();
  const proxy = createProxy({ ...services, log });
  const live = openLive(options, services, closers);
  let listening: Listening | undefined;
  closers.add(async () => {
    await live.close();
    await Promise.all([listening?.close(), proxy.close()]);
  });
  const app = createApp({
    config,
    log,
    ...services,
    requests,
    proxy,
    live: (request, response, headers) => live.open(request, response, headers),
    usageOf: (space) => services.quota.usageOf(space),
    healthChecks: healthChecksOf(services),
    routes: (otherRoutes) =>
      createRestRoutes({
        spaces: withQuota(services.spaces, services.quota),
        auth: services.auth,
        mailer: services.mailer,
        config,
        otherRoutes,
        ...(options.clock === undefined ? {} : { clock: options.clock }),
      }),
    ...(pages === undefined ? {} : { pages }),
  });
  listening = await listen({ app, host: config.host, port: config.port, requests });
  return listening;
}

/** Opens the services and listens. Throws SetupError, with everything closed again, where something is missing. */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const closers = createClosers();
  try {
    const services = await openServices(options, closers);
    const { url, port } = await serve(options, services, closers);
    return { url, port, services, close: () => closers.closeAll() };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}
