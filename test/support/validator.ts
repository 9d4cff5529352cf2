import vm from 'node:vm';
import { designDocumentFor, type DesignKind } from '../../design-docs/index.ts';
import type { TestRole } from './fixtures/role-fixtures.ts';

export interface Verdict {
  forbidden?: string;
  unauthorized?: string;
}

export interface WriteContext {
  newDoc: unknown;
  oldDoc?: unknown;
  role?: TestRole;
  /** In the place of the user of that role. */
  user?: { name: string | null; roles: string[] };
  /** What CouchDB calls `userCtx.db`. */
  database?: string;
  secObj?: unknown;
}

const spaceId = '11111111-1111-4111-8111-111111111111';

const rolesOf: Record<TestRole, string[]> = {
  owner: [`space:${spaceId}`, `space:${spaceId}:owner`],
  editor: [`space:${spaceId}`, `space:${spaceId}:editor`],
  viewer: [`space:${spaceId}`, `space:${spaceId}:viewer`],
  stranger: ['space:other', 'space:other:owner'],
  server: ['_admin'],
};

const security = {
  admins: { names: [], roles: ['_admin'] },
  members: { names: [], roles: [`space:${spaceId}`] },
};

/** Runs a generated validator in a bare context, JSON in and out; null where it lets the document through. */
export function createValidator(kind: DesignKind): (context: WriteContext) => Verdict | null {
  const context = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  const validate = vm.runInContext(
    `(function (source) {
      return function (text) {
        var a = JSON.parse(text);
        try { source(a[0], a[1], a[2], a[3]); return 'null'; }
        catch (thrown) {
          if (thrown instanceof Error) throw thrown;
          return JSON.stringify(thrown);
        }
      };
    })(${designDocumentFor(kind).validate_doc_update})`,
    context,
  ) as (text: string) => string;
  return ({ newDoc, oldDoc = null, role = 'owner', user, database = 'db', secObj = security }) => {
    const userCtx = { db: database, name: role, roles: rolesOf[role], ...user };
    return JSON.parse(validate(JSON.stringify([newDoc, oldDoc, userCtx, secObj]))) as Verdict | null;
  };
}
