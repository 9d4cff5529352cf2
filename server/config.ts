import { z } from 'zod';
import { databasePrefixPattern } from '../schema/index.ts';

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

const port = z.coerce.number('must be a port, 0 to 65535').int().min(0).max(65535);
const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
const count = z.coerce
  .number('must be a number')
  .int('must be a whole number')
  .min(0, 'must not be negative');

function isOrigin(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).origin === value;
}

const origin = z
  .string()
  .transform((value) => value.replace(/\/$/, ''))
  .refine(isOrigin, 'must be an origin such as https://flows.example.org, without a path');

function isCouchUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username !== '' && password !== '';
}

function isSmtpUrl(value: string): boolean {
  return URL.canParse(value) && /^smtps?:$/.test(new URL(value).protocol) && new URL(value).hostname !== '';
}

const trustProxy = z
  .string()
  .refine(
    (value) => value !== 'true',
    'true would believe every client: give the number of proxies, or their addresses',
  )
  .transform((value): false | number | string => {
    if (value === 'false') return false;
    return /^\d+$/.test(value) ? Number(value) : value;
  });

const gigabyte = 1024 ** 3;

const environmentSchema = z.object({
  PORT: port.default(3000),
  HOST: z.string().default('127.0.0.1'),
  DATA_DIR: z.string().default('./data'),
  COUCHDB_URL: z
    .string()
    .refine(isCouchUrl, 'must look like http://admin:password@127.0.0.1:5984')
    .optional(),
  COUCHDB_PORT: port.default(5984),
  ADMIN_PASSWORD: z.string().min(6, 'must have 6 characters or more').optional(),
  DATABASE_PREFIX: z
    .string()
    .regex(
      databasePrefixPattern,
      'must be lower-case letters and digits that end with a hyphen, such as staging-',
    )
    .default(''),
  PUBLIC_URL: origin.optional(),
  CORS_ORIGINS: z
    .string()
    .transform((value) => value.split(/[\s,]+/).filter((part) => part !== ''))
    .pipe(z.array(origin))
    .default([]),
  LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  RETENTION_MONTHS: count.min(1, 'must be 1 or more; leave it out to keep everything').optional(),
  FIRST_ADMIN_EMAIL: z.email('must be an e-mail address').optional(),
  FIRST_ADMIN_PASSWORD: z.string().min(8, 'must have 8 characters or more').optional(),
  TRUST_PROXY: trustProxy.default(false),
  ACCESS_TOKEN_SECONDS: count.min(10, 'must be 10 or more').max(3600, 'must be 3600 or less').default(900),
  REFRESH_TOKEN_DAYS: z.coerce.number('must be a number').positive('must be more than 0').max(365).default(7),
  REFRESH_GRACE_SECONDS: count.max(600, 'must be 600 or less').default(600),
  RATE_LIMIT_WINDOW_SECONDS: count.min(1, 'must be 1 or more').default(900),
  RATE_LIMIT_SIGN_IN: count.default(5),
  RATE_LIMIT_GENERAL: count.default(1000),
  RATE_LIMIT_REPLICATION: count.default(100_000),
  QUOTA_DOCUMENTS: count.default(100_000),
  QUOTA_BYTES: count.default(5 * gigabyte),
  QUOTA_USER_DOCUMENTS: count.default(500_000),
  QUOTA_USER_BYTES: count.default(20 * gigabyte),
  LIVE_STREAMS_PER_USER: count.min(1, 'must be 1 or more').default(50),
  INVITATION_DAYS: z.coerce.number('must be a number').positive('must be more than 0').max(365).default(7),
  SMTP_URL: z
    .string()
    .refine(isSmtpUrl, 'must look like smtp://user:password@mail.example.org:587, or smtps://')
    .optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^@\r\n]*[^@\s]@[^@\s]+$/, 'must be an e-mail address, with a name or without')
    .optional(),
  EMBEDDED_PLAIN_USERS: flag.default(false),
});

type Environment = z.infer<typeof environmentSchema>;

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
