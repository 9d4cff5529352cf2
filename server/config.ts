import { environmentSchema, type Environment } from './environment-schema.ts';

/** What the server is told from outside; `parseConfig` reads it from the environment. */
export interface Config {
  port: number;
  host: string;
  /** Keys, and the embedded engine's databases. */
  dataDirectory: string;
  /** With credentials; unset: the embedded engine. */
  couchdbUrl?: string;
  /** The embedded engine's own port. */
  couchdbPort: number;
  /** The embedded engine's administrator. */
  administratorPassword?: string;
  databasePrefix: string;
  /** The origin by which browsers reach this server. */
  publicUrl?: string;
  corsOrigins: string[];
  logLevel: 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
  retentionMonths?: number;
  firstAdministrator?: { email: string; password: string };
  /** Express's `trust proxy`: hops, or addresses of proxies. */
  trustProxy: false | number | string;
  accessTokenSeconds: number;
  refreshTokenDays: number;
  refreshGraceSeconds: number;
  rateLimits: RateLimits;
  quota: QuotaLimits;
  /** Of one user, in this process. */
  liveStreamsPerUser: number;
  /** How long an invitation holds. */
  invitationDays: number;
  /** Unset: mails are not sent, only noted. */
  mail?: { smtpUrl: string; from: string };
  /** For outside checks only: the embedded engine takes plain users. */
  embeddedPlainUsers: boolean;
}

/** What may be kept; 0 turns a limit off. */
interface QuotaAmount {
  documents: number;
  bytes: number;
}
export interface QuotaLimits {
  /** In one space, with its runs. */
  space: QuotaAmount;
  /** In all spaces that one user owns. */
  user: QuotaAmount;
}

/** Requests in a window; 0 turns a limit off. */
export interface RateLimits {
  windowSeconds: number;
  /** Failed sign-in attempts per address and e-mail. */
  signIn: number;
  /** Everything that is neither sign-in nor replication, per user, or per address where nobody signed in. */
  general: number;
  /** Requests to /db per user. */
  replication: number;
}

/** Names every variable that is wrong, and why. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function firstAdministrator(env: Environment): Pick<Config, 'firstAdministrator'> {
  const { FIRST_ADMIN_EMAIL: email, FIRST_ADMIN_PASSWORD: password } = env;
  return email !== undefined && password !== undefined ? { firstAdministrator: { email, password } } : {};
}

function mail(env: Environment): Pick<Config, 'mail'> {
  const { SMTP_URL: smtpUrl, MAIL_FROM: from } = env;
  return smtpUrl !== undefined && from !== undefined ? { mail: { smtpUrl, from } } : {};
}

function rateLimits(env: Environment): RateLimits {
  return {
    windowSeconds: env.RATE_LIMIT_WINDOW_SECONDS,
    signIn: env.RATE_LIMIT_SIGN_IN,
    general: env.RATE_LIMIT_GENERAL,
    replication: env.RATE_LIMIT_REPLICATION,
  };
}

function toConfig(env: Environment): Config {
  return {
    port: env.PORT,
    host: env.HOST,
    dataDirectory: env.DATA_DIR,
    ...(env.COUCHDB_URL === undefined ? {} : { couchdbUrl: env.COUCHDB_URL }),
    couchdbPort: env.COUCHDB_PORT,
    ...(env.ADMIN_PASSWORD === undefined ? {} : { administratorPassword: env.ADMIN_PASSWORD }),
    databasePrefix: env.DATABASE_PREFIX,
    ...(env.PUBLIC_URL === undefined ? {} : { publicUrl: env.PUBLIC_URL }),
    corsOrigins: env.CORS_ORIGINS,
    logLevel: env.LOG_LEVEL,
    ...(env.RETENTION_MONTHS === undefined ? {} : { retentionMonths: env.RETENTION_MONTHS }),
    ...firstAdministrator(env),
    trustProxy: env.TRUST_PROXY,
    accessTokenSeconds: env.ACCESS_TOKEN_SECONDS,
    refreshTokenDays: env.REFRESH_TOKEN_DAYS,
    refreshGraceSeconds: env.REFRESH_GRACE_SECONDS,
    rateLimits: rateLimits(env),
    quota: {
      space: { documents: env.QUOTA_DOCUMENTS, bytes: env.QUOTA_BYTES },
      user: { documents: env.QUOTA_USER_DOCUMENTS, bytes: env.QUOTA_USER_BYTES },
    },
    liveStreamsPerUser: env.LIVE_STREAMS_PER_USER,
    invitationDays: env.INVITATION_DAYS,
    ...mail(env),
    embeddedPlainUsers: env.EMBEDDED_PLAIN_USERS,
  };
}

const pairs = [
  ['FIRST_ADMIN_EMAIL', 'FIRST_ADMIN_PASSWORD'],
  ['SMTP_URL', 'MAIL_FROM'],
];

/** What is wrong with variables that are right each by itself. */
function pairProblems(given: Record<string, string | undefined>): string[] {
  return pairs.flatMap((pair) => {
    const missing = pair.filter((name) => given[name] === undefined);
    return missing.length === 1 ? [`${missing[0]}: must be set too: ${pair.join(' and ')} go together`] : [];
  });
}

/** A caller names the host of his request as he likes, and would so choose where the links in mails to others lead. */
function mailProblems({
  SMTP_URL: smtpUrl,
  PUBLIC_URL: publicUrl,
}: Record<string, string | undefined>): string[] {
  return smtpUrl !== undefined && publicUrl === undefined
    ? ['PUBLIC_URL: must be set too where SMTP_URL is: mails have links in them']
    : [];
}

/** Reads the configuration; an empty variable counts as unset. Throws ConfigError with every problem at once, values never shown. */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const result = environmentSchema.safeParse(given);
  const issues = result.error?.issues ?? [];
  const problems = issues.map(({ path, message }) => `${path[0]?.toString()}: ${message}`);
  problems.push(...pairProblems(given), ...mailProblems(given));
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(result.data);
}

/** The level of the logs alone, for what is logged before the rest of the configuration is known to be right. */
export function logLevelOf(env: Record<string, string | undefined>): Config['logLevel'] {
  const parsed = environmentSchema.shape.LOG_LEVEL.safeParse(env.LOG_LEVEL?.trim() || undefined);
  return parsed.success ? parsed.data : 'info';
}
