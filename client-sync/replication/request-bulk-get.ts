import type { BulkGetRequest, BulkGetResponse } from '../pouch/pouch-types.ts';

/** Asks for revisions; PouchDB's own falls back to single requests for good when one answer is lost. */
export async function requestBulkGet(
  fetcher: typeof fetch,
  url: string,
  { docs, revs, latest }: BulkGetRequest,
): Promise<BulkGetResponse> {
  const query = new URLSearchParams({
    ...(revs ? { revs: 'true' } : {}),
    ...(latest ? { latest: 'true' } : {}),
  });
  const response = await fetcher(`${url}/_bulk_get?${query}`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ docs }),
  });
  const answer = (await response.json()) as BulkGetResponse & { reason?: string };
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.reason ?? `_bulk_get answered ${response.status}`), {
    status: response.status,
  });
}
