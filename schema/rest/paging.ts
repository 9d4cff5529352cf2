import { z } from 'zod';

/** `limit` and `offset` of a list; numbers arrive as text in a query. */
export const pagingQueryFields = {
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  offset: z.coerce.number().int().min(0).default(0),
};

/** What every list answers beside its entries. */
export const pagingReplyFields = {
  total: z.int().min(0).describe('How many there are in all.'),
  limit: z.int(),
  offset: z.int(),
};

/** A time with any offset, as people type it; documents keep UTC. */
export const anyTimeSchema = z.iso.datetime({ offset: true });
