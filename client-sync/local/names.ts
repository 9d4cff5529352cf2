import { contentHash } from '../../flow/content-hash.ts';

/** Names of what this browser keeps for one server, and for one user of it. */
export interface LocalNames {
  /** First part of the names of storage keys, locks and channels. */
  scope: string;
  /** First part of the names of a user's databases; null is for what is made before any account. */
  databases: (userId: string | null) => string;
}

const short = (value: unknown) => contentHash(value).slice(0, 16);

/** Databases are told apart by server and user, so that two people at one browser never see each other's flows. */
export function localNames(name: string, url: string): LocalNames {
  return {
    scope: `${name}:${short(url)}`,
    databases: (userId) => `${name}-${short([url, userId])}`,
  };
}
