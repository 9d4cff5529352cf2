import { z } from 'zod';
import { databasePrefixPattern } from '../schema/index.ts';

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

/** The variables, each by itself: what may be in it, and what holds where it is unset. */
export const environmentSchema = z.object({
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

export type Environment = z.infer<typeof environmentSchema>;
