import { overgrownIds, tooManyLeaves } from './branch-limit.ts';
import { unauthorized } from './couch-error.ts';
import type { Database } from './database.ts';
import type { DesignFunctions } from './design-functions.ts';
import { checkDesignDocument } from './design-document-checks.ts';
import { checkDocument } from './document-checks.ts';
import type { Limits } from './limits.ts';
import { refusedResult, type WriteResult } from './write-result.ts';
import { takeStubs } from './attachment-stubs.ts';
import { readPreviousRevision } from './previous-revision.ts';
import type { StorageHandle, StoredDocument } from './storage.ts';
import { storeLocal, storeRevisions, type Entry, type Prepared } from './store-documents.ts';
import { isDatabaseAdmin, type SecurityObject, type UserContext } from './user-context.ts';
import { forValidation, type Candidate, type Validators } from './validators.ts';

export interface WriteRequest {
  user: UserContext;
  /** False for replication: revisions come with the documents and conflicts are kept. */
  newEdits: boolean;
  /** False where the request is too small to hold an oversized document. */
  measure?: boolean;
}

/** The one way in which documents reach storage. */
export interface RevisionWrites {
  /** Writes documents and answers one result each, in their order. */
  write(database: Database, documents: unknown[], request: WriteRequest): Promise<WriteResult[]>;
}

export function createRevisionWrites(options: {
  limits: Limits;
  functions: DesignFunctions;
  validators: Validators;
  /** Called with documents that replaced a revision, for compaction. */
  onReplaced(database: Database, ids: string[]): void;
}): RevisionWrites {
  const { limits, validators } = options;

  function checkShapes(
    documents: unknown[],
    results: WriteResult[],
    request: WriteRequest,
    settings: Settings,
  ): Entry[] {
    const entries: Entry[] = [];
    for (const [slot, value] of documents.entries()) {
      try {
        const measure = request.measure ?? true;
        const document = checkDocument(value, {
          newEdits: request.newEdits,
          limits,
          revsLimit: settings.revsLimit,
          measure,
        });
        if (document._id.startsWith('_design/')) {
          if (!isDatabaseAdmin(request.user, settings.security))
            throw unauthorized('You are not a db or server admin.');
          checkDesignDocument(document, options.functions);
        }
        entries.push({ slot, document });
      } catch (error) {
        results[slot] = refusedResult(value, error);
      }
    }
    return entries;
  }

  async function validate(
    database: Database,
    handle: StorageHandle,
    entries: Entry[],
    results: WriteResult[],
    request: WriteRequest,
    settings: Settings,
  ): Promise<Entry[]> {
    const loaded = await validators.load(database, handle);
    const validation =
      loaded &&
      validators.bind(loaded, { database: database.name, user: request.user, security: settings.security });
    const ids = request.newEdits ? [] : entries.map(({ document }) => document._id);
    const overgrown = await overgrownIds(handle, ids, limits.leaves);
    const complete: (Entry & { previous: StoredDocument | null })[] = [];
    for (const entry of entries) {
      const { document, slot } = entry;
      try {
        if (overgrown.has(document._id)) throw tooManyLeaves(limits.leaves);
        const needed = validation !== null || document._attachments !== undefined;
        const previous = needed ? await readPreviousRevision(handle, document, request.newEdits) : null;
        takeStubs(document, previous);
        complete.push({ ...entry, previous });
      } catch (error) {
        results[slot] = refusedResult(document, error);
      }
    }
    if (!validation) return complete;
    const judged = complete.filter(({ document }) => !document._id.startsWith('_design/'));
    const verdicts = validation.check(judged.map(({ document, previous }) => candidate(document, previous)));
    for (const [place, { slot, document }] of judged.entries()) {
      const refused = verdicts[place];
      if (refused) results[slot] = refusedResult(document, refused);
    }
    return complete.filter(({ slot }) => results[slot] === undefined);
  }

  return {
    async write(database, documents, request) {
      const settings = await database.settings();
      const results: WriteResult[] = Array.from({ length: documents.length });
      const entries = checkShapes(documents, results, request, settings);
      await database.write(async (handle) => {
        for (const entry of entries.filter(isLocal)) await storeLocal(handle, entry, results);
        const accepted = await validate(
          database,
          handle,
          entries.filter((entry) => !isLocal(entry)),
          results,
          request,
          settings,
        );
        if (accepted.length === 0) return;
        await storeRevisions(handle, accepted, results, request.newEdits);
        if (accepted.some(({ document }) => document._id.startsWith('_design/'))) validators.forget(database);
        await database.announce(handle);
      });
      options.onReplaced(
        database,
        entries.filter(replaces).map(({ document }) => document._id),
      );
      return results;
    },
  };
}

interface Settings {
  security: SecurityObject;
  revsLimit: number;
}

function candidate(document: Prepared, previous: StoredDocument | null): Candidate {
  return { newDocument: forValidation(document), oldDocument: previous && forValidation(previous) };
}

function isLocal({ document }: { document: Prepared }): boolean {
  return document._id.startsWith('_local/');
}

function replaces({ document }: { document: Prepared }): boolean {
  return typeof document._rev === 'string' && !isLocal({ document });
}
