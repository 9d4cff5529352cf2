import type nano from 'nano';
import { z } from 'zod';
import { orNull } from '../../couch/engine-error.ts';

const markId = '_local/settee-restore';
const markSchema = z.looseObject({ _rev: z.string(), backup: z.string() });

/** A trace in a database that a restore is filling, so that an interrupted one may go on and no other may begin. */
export interface RestoreMarks {
  isOurs(database: string): Promise<boolean>;
  set(database: string): Promise<void>;
  remove(database: string): Promise<void>;
}

export function createRestoreMarks(options: {
  admin(database: string): nano.DocumentScope<unknown>;
  /** The backup's id. */
  backup: string;
}): RestoreMarks {
  const read = async (database: string): Promise<z.infer<typeof markSchema> | null> => {
    const found = await orNull(options.admin(database).get(markId));
    return found === null ? null : markSchema.parse(found);
  };
  return {
    async isOurs(database) {
      return (await read(database))?.backup === options.backup;
    },
    async set(database) {
      const mark = await read(database);
      if (mark?.backup === options.backup) return;
      const document = { _id: markId, backup: options.backup, ...(mark ? { _rev: mark._rev } : {}) };
      await options.admin(database).insert(document);
    },
    async remove(database) {
      const mark = await read(database);
      if (mark) await options.admin(database).destroy(markId, mark._rev);
    },
  };
}
