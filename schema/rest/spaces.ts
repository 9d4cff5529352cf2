import { z } from 'zod';
import { limits } from '../field-rules.ts';
import { emailSchema } from './accounts.ts';

export const spaceRoles = ['owner', 'editor', 'viewer'] as const;
export type SpaceRole = (typeof spaceRoles)[number];
export const spaceRoleSchema = z.enum(spaceRoles);

const spaceNameSchema = z
  .string()
  .trim()
  .min(1)
  .max(limits.name)
  .regex(/^\P{Cc}*$/u, 'One line of text.');

export const spaceIdParamsSchema = z.object({ id: z.string().min(1).max(100) });
export const memberParamsSchema = spaceIdParamsSchema.extend({ userId: z.string().min(1).max(100) });
export const invitationParamsSchema = spaceIdParamsSchema.extend({
  invitationId: z.string().min(1).max(100),
});
export const invitationTokenParamsSchema = z.object({ token: z.string().min(1).max(200) });

export const createSpaceBodySchema = z
  .object({ name: spaceNameSchema, kind: z.literal('team').default('team') })
  .meta({ id: 'CreateSpace' });
export type CreateSpaceBody = z.infer<typeof createSpaceBodySchema>;

export const renameSpaceBodySchema = z.object({ name: spaceNameSchema }).meta({ id: 'RenameSpace' });

export const memberSchema = z
  .object({
    userId: z.string(),
    email: z.string().describe('Empty where the account is gone.'),
    name: z.string().optional(),
    role: spaceRoleSchema,
    since: z.string(),
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof memberSchema>;
export const memberListSchema = z.object({ members: z.array(memberSchema) }).meta({ id: 'MemberList' });

export const memberRoleBodySchema = z.object({ role: spaceRoleSchema }).meta({ id: 'MemberRole' });
export const newOwnerBodySchema = z
  .object({ userId: z.string().min(1).max(100).describe('A member, who becomes the owner.') })
  .meta({ id: 'NewOwner' });

export const inviteBodySchema = z
  .object({ email: emailSchema, role: spaceRoleSchema })
  .meta({ id: 'Invite' });
export type InviteBody = z.infer<typeof inviteBodySchema>;

/** The only answer that ever shows the token. */
export const createdInvitationSchema = z
  .object({
    id: z.string(),
    link: z.string().describe('For the person invited, to pass on by hand as well.'),
    token: z.string().describe('Lets whoever holds it join, once; shown this once.'),
    expiresAt: z.string(),
    mailed: z.boolean().describe('False where no mail could be sent: pass the link on yourself.'),
  })
  .meta({ id: 'CreatedInvitation' });
export type CreatedInvitation = z.infer<typeof createdInvitationSchema>;

export const pendingInvitationSchema = z
  .object({
    id: z.string(),
    email: z.string(),
    role: spaceRoleSchema,
    invitedBy: z.string().describe('A user id.'),
    createdAt: z.string(),
    expiresAt: z.string(),
  })
  .meta({ id: 'PendingInvitation' });
export type PendingInvitation = z.infer<typeof pendingInvitationSchema>;
export const invitationListSchema = z
  .object({ invitations: z.array(pendingInvitationSchema) })
  .meta({ id: 'InvitationList' });

/** `GET /api/invitations/:token`: what its holder may know before accepting. */
export const invitationPreviewSchema = z
  .object({
    spaceName: z.string(),
    kind: z.enum(['team', 'shared']),
    invitedBy: z.string().describe('The name of whoever invites, or the e-mail address where there is none.'),
    email: z.string().describe('Whom it was addressed to.'),
    role: spaceRoleSchema,
    expiresAt: z.string(),
  })
  .meta({ id: 'InvitationPreview' });
export type InvitationPreview = z.infer<typeof invitationPreviewSchema>;
