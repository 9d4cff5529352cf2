import { randomUUID } from 'node:crypto';
import { keyDocumentId, lastPart, type KeyDocument } from './account-documents.ts';
import type { AccountStore } from './account-store.ts';
import { formatToken, hashSecret, randomSecret } from './opaque-token.ts';
import type { Scope } from './principal.ts';

export const apiKeyPrefix = 'stk_';

export interface NewKey {
  name: string;
  scopes: Scope[];
  /** With any offset. */
  expiresAt?: string | undefined;
}

export interface ApiKeys {
  /** `token` is shown once and stored nowhere. */
  create(userId: string, key: NewKey): Promise<{ key: KeyDocument; token: string }>;
  list(userId: string): Promise<KeyDocument[]>;
  /** False where the user has no such key. */
  remove(userId: string, keyId: string): Promise<boolean>;
  removeAll(userId: string): Promise<void>;
  /** Notes that a key was used, at most once an hour. */
  noteUse(key: KeyDocument): Promise<void>;
}

const hourMilliseconds = 3_600_000;
/** More than people can tell apart, and few enough to list. */
export const keysPerUser = 100;

export function createApiKeys(options: { store: AccountStore; clock: () => Date }): ApiKeys {
  const { store, clock } = options;
  const list = (userId: string): Promise<KeyDocument[]> => store.range<KeyDocument>(`key:${userId}:`);
  return {
    async create(userId, { name, scopes, expiresAt }) {
      const id = randomUUID();
      const secret = randomSecret();
      const token = formatToken(apiKeyPrefix, { userId, id, secret, proof: '' });
      const key: KeyDocument = {
        _id: keyDocumentId(userId, id),
        type: 'key',
        userId,
        name,
        scopes,
        hint: `${apiKeyPrefix}…${token.slice(-4)}`,
        hash: hashSecret(secret),
        createdAt: clock().toISOString(),
        ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
      };
      await store.create(key);
      return { key, token };
    },
    async list(userId) {
      return (await list(userId)).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
    },
    async remove(userId, keyId) {
      const id = keyDocumentId(userId, keyId);
      if (!(await store.get(id))) return false;
      await store.remove(id);
      return true;
    },
    async removeAll(userId) {
      const keys = await list(userId);
      await Promise.all(keys.map(({ _id }) => store.remove(_id)));
    },
    async noteUse(key) {
      const now = clock();
      const isRecent = ({ lastUsedAt }: KeyDocument): boolean =>
        lastUsedAt !== undefined && now.getTime() - Date.parse(lastUsedAt) < hourMilliseconds;
      if (isRecent(key)) return;
      await store.update<KeyDocument>(keyDocumentId(key.userId, lastPart(key._id)), (found) =>
        isRecent(found) ? null : { ...found, lastUsedAt: now.toISOString() },
      );
    },
  };
}
