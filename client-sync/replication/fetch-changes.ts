import type { PouchChange } from '../pouch/pouch-types.ts';
import type { Sequence } from './checkpoint.ts';

export interface ChangesPage {
  results: PouchChange[];
  last_seq: Sequence;
  /** How many changes remain after this page; missing where the server does not count them. */
  pending?: number;
}

/** One page of a database's changes, all leaves of each document. */
export async function fetchChanges(
  fetcher: typeof fetch,
  url: string,
  { since, limit }: { since: Sequence; limit: number },
): Promise<ChangesPage> {
  const query = new URLSearchParams({ style: 'all_docs', since: String(since), limit: String(limit) });
  const response = await fetcher(`${url}/_changes?${query}`, { headers: { accept: 'application/json' } });
  const answer = (await response.json()) as ChangesPage & { reason?: string };
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.reason ?? `_changes answered ${response.status}`), {
    status: response.status,
  });
}
