import { z } from 'zod';
import type { Couch } from '../couch/couch.ts';

const infoSchema = z.looseObject({
  update_seq: z.union([z.string(), z.number()]).transform(String),
  cluster: z.looseObject({ n: z.number() }).optional(),
});

/** Asks the engine where a database stands; null where it has several copies, as the one that is asked may lag. */
export function createSequenceOf(couch: Pick<Couch, 'admin'>): (database: string) => Promise<string | null> {
  return async (database) => {
    const { update_seq: sequence, cluster } = infoSchema.parse(await couch.admin<object>(database).info());
    return cluster?.n === 1 ? sequence : null;
  };
}
