import { z } from 'zod';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { CommandError } from '../command.ts';
import type { LeafDocument } from '../../couch/read-leaves.ts';
import { findDocuments } from './restore-target.ts';

const ownedSchema = z.looseObject({ userId: z.string() });

/** Whose a document of the accounts or the directory database is, or null where it is nobody's. */
function ownerOf(doc: LeafDocument): string | null {
  const [kind, id] = doc._id.split(':', 2);
  if (kind === 'user' || kind === 'space') return id ?? null;
  const owned = ownedSchema.safeParse(doc);
  return owned.success ? owned.data.userId : null;
}

/**
 * Writes the documents of removed accounts once more, on top of their deletion: with `new_edits: false` alone a
 * deletion that is newer than the backup would prevail. Accounts that live here are left as they are.
 */
export async function reviveAccounts(options: {
  http: EngineHttp;
  database: string;
  docs: readonly LeafDocument[];
  live: ReadonlySet<string>;
}): Promise<void> {
  const { http, database, docs, live } = options;
  const wanted = new Map(
    docs
      .filter((doc) => doc._deleted !== true)
      .filter((doc) => !live.has(ownerOf(doc) ?? ''))
      .map((doc) => [doc._id, doc]),
  );
  const rows = await findDocuments(http, database, [...wanted.keys()]);
  for (const { key, value } of rows) {
    const doc = wanted.get(key);
    if (value?.deleted !== true || !doc) continue;
    const { _rev, _revisions, ...content } = doc;
    const answer = await http.request(`/${encodeURIComponent(database)}`, { method: 'POST', body: content });
    if (answer.status !== 201 && answer.status !== 202) {
      throw new CommandError(`${key} cannot be restored: the engine answered ${answer.status}`);
    }
  }
}
