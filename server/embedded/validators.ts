import {
  DesignFunctionError,
  modulesOf,
  type DesignFunction,
  type DesignFunctions,
} from './design-functions.ts';
import { CouchError, forbidden, unauthorized } from './couch-error.ts';
import type { Database } from './database.ts';
import type { StorageHandle, StoredDocument } from './storage.ts';
import type { SecurityObject, UserContext } from './user-context.ts';

/** A document and the revision it builds on, both as validators see them. */
export interface Candidate {
  newDocument: object;
  oldDocument: object | null;
}

/** Judges documents by a database's validate_doc_update functions, all of them, as CouchDB does. */
export interface Validation {
  /** For each document why it is refused, or null. */
  check(candidates: Candidate[]): (CouchError | null)[];
}

export interface Validators {
  /** The functions of the database's design documents, or null where it has none. */
  load(database: Database, handle: StorageHandle): Promise<Loaded[] | null>;
  /** Forgets what was loaded: a design document changed. */
  forget: (database: Database) => void;
  /** Binds the functions to a request's user and the database's security object. */
  bind(
    loaded: Loaded[],
    context: { database: string; user: UserContext; security: SecurityObject },
  ): Validation;
}

interface Loaded {
  id: string;
  get(): DesignFunction;
}

function refusal(thrown: Record<string, unknown>): CouchError {
  if ('forbidden' in thrown) return forbidden(String(thrown.forbidden));
  if ('unauthorized' in thrown) return unauthorized(String(thrown.unauthorized));
  return forbidden(JSON.stringify(thrown).slice(0, 1000));
}

function judge(validator: Loaded, argumentsJson: string[]): (CouchError | null)[] {
  const failed = (error: unknown): CouchError => {
    const message = error instanceof DesignFunctionError ? error.message : 'the function failed';
    return forbidden(`${validator.id}: ${message}`);
  };
  try {
    return validator
      .get()
      .callEach(argumentsJson)
      .map((outcome) => {
        if (outcome instanceof Error) return failed(outcome);
        return outcome.thrown ? refusal(outcome.thrown) : null;
      });
  } catch (error) {
    return argumentsJson.map(() => failed(error));
  }
}

export function createValidators(options: { functions: DesignFunctions }): Validators {
  const loadedByDatabase = new WeakMap<Database, Loaded[]>();

  async function read(handle: StorageHandle): Promise<Loaded[]> {
    const { rows } = await handle.allDocs<Record<string, unknown>>({
      startkey: '_design/',
      endkey: '_design0',
      include_docs: true,
    });
    return rows.flatMap(({ doc }) => {
      const source = doc?.validate_doc_update;
      if (!doc || typeof source !== 'string') return [];
      return [{ id: doc._id, get: () => options.functions.get(source, modulesOf(doc)) }];
    });
  }

  return {
    async load(database, handle) {
      let loaded = loadedByDatabase.get(database);
      if (!loaded) {
        loaded = await read(handle);
        loadedByDatabase.set(database, loaded);
      }
      return loaded.length > 0 ? loaded : null;
    },
    forget: (database) => loadedByDatabase.delete(database),
    bind(loaded, { database, user, security }) {
      const userJson = JSON.stringify({ db: database, name: user.name, roles: user.roles });
      const rest = `${userJson},${JSON.stringify(security)}`;
      return {
        check(candidates) {
          const argumentsJson = candidates.map(
            ({ newDocument, oldDocument }) =>
              `[${JSON.stringify(newDocument)},${JSON.stringify(oldDocument)},${rest}]`,
          );
          const verdicts = loaded.map((validator) => judge(validator, argumentsJson));
          return candidates.map((_, place) => verdicts.find((each) => each[place])?.[place] ?? null);
        },
      };
    },
  };
}

/** A document as validators see it: attachments as stubs, the ancestry in `_revisions`. */
export function forValidation(document: Record<string, unknown>): Record<string, unknown> {
  const seen = { ...document };
  if (seen._revisions === undefined) {
    const rev = typeof seen._rev === 'string' ? seen._rev : null;
    const start = rev ? Number.parseInt(rev, 10) : 0;
    seen._revisions = { start, ids: rev ? [rev.slice(rev.indexOf('-') + 1)] : [] };
  }
  if (seen._attachments)
    seen._attachments = stubs(seen._attachments as NonNullable<StoredDocument['_attachments']>);
  return seen;
}

function stubs(attachments: NonNullable<StoredDocument['_attachments']>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attachments).map(([name, { data, ...attachment }]) => {
      if (data === undefined) return [name, { ...attachment, stub: true }];
      return [name, { ...attachment, stub: true, length: Buffer.byteLength(data, 'base64') }];
    }),
  );
}
