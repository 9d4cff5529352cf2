import { makeStoredKey, type KeyFileContent } from './signing-key.ts';

/** Kids remembered after their key is gone; processes take them out of CouchDB within minutes. */
const rememberedKids = 50;

/** A new key for each use; the keys they replace are retired now. */
export function rotatedKeys(content: KeyFileContent | null, now: Date): KeyFileContent {
  const retiredAt = now.toISOString();
  const older = (content?.keys ?? []).map((key) => ({ ...key, retiredAt: key.retiredAt ?? retiredAt }));
  return {
    version: 1,
    keys: [makeStoredKey('access', now), makeStoredKey('engine', now), ...older],
    dropped: content?.dropped ?? [],
  };
}

/** What the life of a key depends on; times as unix milliseconds. */
interface KeyTimes {
  use: 'access' | 'engine';
  retiredAt?: number;
  acceptedAt?: number;
}

/**
 * When a key is over: so long after it was retired. An engine key lives on until CouchDB has taken a token of a newer
 * one: where its configuration is locked, that waits for an administrator. Infinity for a key that is in use.
 */
export function endOfKey<K extends KeyTimes>(key: K, newestFirst: readonly K[], retention: number): number {
  if (key.retiredAt === undefined) return Number.POSITIVE_INFINITY;
  if (key.use === 'access') return key.retiredAt + retention;
  const newer = newestFirst.slice(0, newestFirst.indexOf(key)).filter(({ use }) => use === 'engine');
  const replacedAt = Math.min(...newer.map(({ acceptedAt }) => acceptedAt ?? Number.POSITIVE_INFINITY));
  return Math.max(key.retiredAt, replacedAt) + retention;
}

/** Without these keys; CouchDB is to forget those of the engine. */
export function withoutKeys(content: KeyFileContent, kids: ReadonlySet<string>): KeyFileContent {
  const engineKids = content.keys.filter(({ use, kid }) => use === 'engine' && kids.has(kid));
  return {
    version: 1,
    keys: content.keys.filter(({ kid }) => !kids.has(kid)),
    dropped: [...content.dropped, ...engineKids.map(({ kid }) => kid)].slice(-rememberedKids),
  };
}

/** Notes that CouchDB takes tokens of a key; null where that is known. */
export function withAcceptedKey(content: KeyFileContent, kid: string, now: Date): KeyFileContent | null {
  const isNews = (key: KeyFileContent['keys'][number]): boolean =>
    key.kid === kid && key.acceptedAt === undefined;
  if (!content.keys.some(isNews)) return null;
  const acceptedAt = now.toISOString();
  return { ...content, keys: content.keys.map((key) => (isNews(key) ? { ...key, acceptedAt } : key)) };
}
