import { z } from 'zod';
import { engineFields, nameSchema, schemaVersionSchema, timeSchema } from './parts.ts';

/**
 * `membership:<space>` in the personal database of a member, written by the server only: which spaces a browser holds.
 * Its tombstone says by `code` why the membership ended. Another `grant` than that of a local copy means that the
 * membership ended in between, or was lowered: what was not pushed is kept elsewhere and the copy starts anew.
 */
export const membershipDocumentSchema = z
  .looseObject({
    _id: z.string().regex(/^membership:[0-9a-z-]{1,64}$/),
    ...engineFields,
    type: z.literal('membership'),
    schemaVersion: schemaVersionSchema,
    spaceId: z.string().max(64),
    kind: z.enum(['team', 'shared']),
    name: nameSchema,
    role: z.enum(['owner', 'editor', 'viewer']),
    database: z.string().max(300),
    grant: z.string().max(64),
    since: timeSchema,
  })
  .meta({ id: 'MembershipDocument' });
export type MembershipDocument = z.infer<typeof membershipDocumentSchema>;

/** Why a membership ended, as its tombstone, the proxy and the live stream say it. */
export const membershipEnds = ['membership_ended', 'space_deleted'] as const;
export type MembershipEnd = (typeof membershipEnds)[number];
