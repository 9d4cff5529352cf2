import { z } from 'zod';
import { limits } from '../field-rules.ts';
import { uuidSchema } from '../documents/parts.ts';
import { isMonth } from '../database-names.ts';

/** Only the form of an address; the server normalises it and keeps one account for each. */
export const emailSchema = z
  .string()
  .min(3)
  .max(254)
  .regex(/^\s*[^\s@]+@[^\s@]+\s*$/);
const passwordSchema = z.string().min(8).max(200);
/** At sign-in any text is tried, so that an answer never tells the rules for passwords from a wrong one. */
const passwordAttemptSchema = z.string().min(1).max(200);
const personNameSchema = z.string().trim().min(1).max(limits.name);
const opaqueTokenSchema = z.string().min(1).max(512);

export const userRoles = ['user', 'admin'] as const;
export const scopes = ['read', 'write', 'execute', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export const userSchema = z
  .object({
    id: uuidSchema,
    email: z.string(),
    name: z.string().optional(),
    roles: z.array(z.enum(userRoles)),
    createdAt: z.string().optional(),
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof userSchema>;

export const registerBodySchema = z
  .object({ email: emailSchema, password: passwordSchema, name: personNameSchema.optional() })
  .meta({ id: 'Register' });
export type RegisterBody = z.infer<typeof registerBodySchema>;

export const loginBodySchema = z
  .object({ email: z.string().min(1).max(254), password: passwordAttemptSchema })
  .meta({ id: 'Login' });
export type LoginBody = z.infer<typeof loginBodySchema>;

export const refreshBodySchema = z.object({ refreshToken: opaqueTokenSchema }).meta({ id: 'Refresh' });
export type RefreshBody = z.infer<typeof refreshBodySchema>;

export const logoutBodySchema = z
  .object({
    all: z.boolean().optional().describe('End every session of the user, not only this one.'),
    refreshToken: opaqueTokenSchema.optional(),
  })
  .optional()
  .meta({ id: 'Logout' });
export type LogoutBody = z.infer<typeof logoutBodySchema>;

export const passwordBodySchema = z
  .object({ currentPassword: passwordAttemptSchema, newPassword: passwordSchema })
  .meta({ id: 'ChangePassword' });
export type PasswordBody = z.infer<typeof passwordBodySchema>;

export const updateMeBodySchema = z
  .object({
    name: personNameSchema.nullable().optional(),
    email: emailSchema.optional(),
    currentPassword: passwordAttemptSchema.optional().describe('Needed to change the e-mail address.'),
  })
  .meta({ id: 'UpdateMe' });
export type UpdateMeBody = z.infer<typeof updateMeBodySchema>;

export const deleteMeBodySchema = z
  .object({ password: passwordAttemptSchema.optional() })
  .optional()
  .meta({ id: 'DeleteMe' });

/** What registering, signing in and refreshing answer; `expiresIn` is the access token's life in seconds. */
export const authReplySchema = z
  .object({ user: userSchema, accessToken: z.string(), refreshToken: z.string(), expiresIn: z.int() })
  .meta({ id: 'AuthReply' });
export type AuthReply = z.infer<typeof authReplySchema>;

export const meReplySchema = z.object({ user: userSchema }).meta({ id: 'MeReply' });

export const sessionSchema = z
  .object({
    id: z.string(),
    createdAt: z.string(),
    lastUsedAt: z.string().optional(),
    userAgent: z.string().optional(),
    address: z.string().optional(),
    deviceId: z.string().optional(),
    current: z.boolean(),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof sessionSchema>;
export const sessionListSchema = z.object({ sessions: z.array(sessionSchema) }).meta({ id: 'SessionList' });

export const createKeyBodySchema = z
  .object({
    name: personNameSchema,
    scopes: z.array(z.enum(scopes)).min(1).max(scopes.length).default(['read']),
    expiresAt: z.iso.datetime({ offset: true }).optional(),
  })
  .meta({ id: 'CreateKey' });
export type CreateKeyBody = z.infer<typeof createKeyBodySchema>;

export const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    createdAt: z.string(),
    lastUsedAt: z.string().optional(),
    expiresAt: z.string().optional(),
  })
  .meta({ id: 'Key' });
export type Key = z.infer<typeof keySchema>;
export const createdKeySchema = keySchema
  .extend({ key: z.string().describe('`stk_…`; shown this once.') })
  .meta({ id: 'CreatedKey' });
export const keyListSchema = z.object({ keys: z.array(keySchema) }).meta({ id: 'KeyList' });

/** A browser, from its own document, with the last sync that the server saw. */
export const deviceSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    info: z.unknown().optional(),
    createdAt: z.string().optional(),
    lastSyncAt: z.string().optional(),
    current: z.boolean().optional(),
  })
  .meta({ id: 'Device' });
export type Device = z.infer<typeof deviceSchema>;
export const deviceListSchema = z.object({ devices: z.array(deviceSchema) }).meta({ id: 'DeviceList' });

const amountFields = {
  documents: z.number().describe('Live documents, those of the runs included.'),
  bytes: z.number().describe('As the engine counts them.'),
};
export const spaceUsageSchema = z
  .object({
    ...amountFields,
    quota: z.object(amountFields).describe('0 means without limit.'),
    warning: z.boolean().describe('True where a fifth of the room or less is left.'),
  })
  .meta({ id: 'SpaceUsage' });
export type SpaceUsage = z.infer<typeof spaceUsageSchema>;

export const spaceSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['personal', 'team', 'shared', 'templates']),
    name: z.string(),
    role: z.enum(['owner', 'editor', 'viewer']),
    database: z.string(),
    url: z.string().describe('Where any PouchDB may replicate it.'),
    runs: z.array(z.object({ month: z.string(), database: z.string(), url: z.string() })),
    usage: spaceUsageSchema.optional().describe('What it holds and may hold; some seconds old.'),
  })
  .meta({ id: 'Space' });
export type SpaceReply = z.infer<typeof spaceSchema>;
/** `POST /api/spaces/:id/months`: no month is older than what a clock that was never set shows. */
export const spaceMonthsBodySchema = z
  .object({
    from: z
      .string()
      .refine((month) => isMonth(month) && month >= '2000-01', 'A month from 2000-01 on, as YYYY-MM.')
      .describe('YYYY-MM'),
  })
  .meta({ id: 'SpaceMonths' });
export const spaceListSchema = z.object({ spaces: z.array(spaceSchema) }).meta({ id: 'SpaceList' });
