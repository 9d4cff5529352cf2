import { z } from 'zod';
import { uuidSchema } from '../documents/parts.ts';
import { flowFields } from '../documents/flow.ts';
import { emailSchema } from './accounts.ts';
import { flowSchema, flowSummarySchema, searchSchema } from './flows.ts';
import { pagingQueryFields, pagingReplyFields } from './paging.ts';

/** Owners hand a flow over with its space. */
const contributorRoleSchema = z.enum(['editor', 'viewer']);

export const contributorParamsSchema = z.object({ id: uuidSchema, userId: z.string().min(1).max(100) });
export const contributorBodySchema = z
  .object({ role: contributorRoleSchema })
  .meta({ id: 'ContributorRole' });
export const inviteContributorBodySchema = z
  .object({ email: emailSchema, role: contributorRoleSchema })
  .meta({ id: 'InviteContributor' });
export const moveFlowBodySchema = z
  .object({ spaceId: z.string().min(1).max(100).describe('A space in which you may write.') })
  .meta({ id: 'MoveFlow' });

export const contributorListSchema = z
  .object({
    contributors: z.array(z.object({ userId: z.string(), name: z.string().optional(), role: z.string() })),
    spaceId: z.string(),
  })
  .meta({ id: 'ContributorList' });

/** How many people have used a template; each counts once. */
const popularityFields = { popularity: z.int().min(0) };

export const templateSchema = flowSchema.extend(popularityFields).meta({ id: 'Template' });
export const templateListSchema = z
  .object({ templates: z.array(flowSummarySchema.extend(popularityFields)), ...pagingReplyFields })
  .meta({ id: 'TemplateList' });
export const templateListQuerySchema = z.object({
  search: searchSchema.optional(),
  tags: z.string().max(2_000).optional().describe('Separated by commas; a template must have all of them.'),
  category: z.string().max(100).optional(),
  sort: z.enum(['popularity', 'updated', 'created', 'name']).default('popularity'),
  order: z.enum(['asc', 'desc']).optional(),
  ...pagingQueryFields,
});
export type TemplateListQuery = z.infer<typeof templateListQuerySchema>;
export const useTemplateBodySchema = z
  .object({
    name: flowFields.name.optional(),
    spaceId: z.string().min(1).max(100).optional().describe('The personal space where it is left out.'),
  })
  .optional()
  .meta({ id: 'UseTemplate' });
