import { fetchChanges, type ChangesPage } from './fetch-changes.ts';
import type { Sequence } from './checkpoint.ts';
import { isAssetId } from '../assets/asset-bytes.ts';
import { partsOf } from './request-parts.ts';
import { isStatus } from '../local/local-documents.ts';
import type { PouchOpener } from '../pouch/open-pouch.ts';
import type {
  BulkGetRequest,
  BulkGetResponse,
  BulkResult,
  Pouch,
  PouchDocument,
  PouchError,
} from '../pouch/pouch-types.ts';

export interface Refused {
  docId: string;
  revision: string;
  reason: string;
}

/** A database on the server, and what PouchDB's interface has no word for. */
export interface RemoteDatabase extends Pouch {
  url: string;
  request: typeof fetch;
  page: (query: { since: Sequence; limit: number }) => Promise<ChangesPage>;
}

interface RemoteOptions {
  opener: PouchOpener;
  url: string;
  fetcher: typeof fetch;
  /** A revision arrives and is about to be written here. */
  onArrival: (docId: string, revision: string) => void;
  /** Awaited before the push goes on, since it will not offer these again. */
  onRefused: (refused: Refused[]) => Promise<void>;
  onAccepted: (docIds: string[]) => Promise<void>;
}

/** Documents that the engine fails on again and again are set aside, so that they hold up no others. */
const failuresAllowed = 3;

const refusals = new Set(['forbidden', 'unauthorized', 'bad_request', 'doc_validation', 'invalid_document']);

/**
 * A database on the server as replication sees it. What is refused, alone or as part of a request, is reported and
 * answered as forbidden, which makes replication go on with the other documents.
 */
export function openRemoteDatabase(options: RemoteOptions): RemoteDatabase {
  const { opener, url, onArrival, onRefused, onAccepted } = options;
  const fetcher = readableErrors(options.fetcher);
  const remote = opener.openRemote(url, fetcher);
  const bulkDocs = remote.bulkDocs.bind(remote);
  const failures = new Map<string, number>();

  const isHopeless = (doc: PouchDocument): boolean => {
    const key = `${doc._id}@${doc._rev}`;
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    return count >= failuresAllowed;
  };
  const isRefusal = (result: BulkResult, doc: PouchDocument): boolean => {
    const names = [result.name, result.error].map((value) => String(value).toLowerCase());
    if (names.some((name) => refusals.has(name) || name.includes('too_large'))) return true;
    return isClientFault(result.status) || isHopeless(doc);
  };
  const sendPart = async (docs: PouchDocument[]): Promise<BulkResult[]> => {
    try {
      return await bulkDocs({ docs }, { new_edits: false });
    } catch (error) {
      if (!isClientFault((error as PouchError).status) || isSpaceEnd(error)) throw error;
      const [first] = docs;
      if (docs.length > 1) {
        const middle = Math.ceil(docs.length / 2);
        return [...(await sendPart(docs.slice(0, middle))), ...(await sendPart(docs.slice(middle)))];
      }
      return first ? [{ ...describeError(error as PouchError), id: first._id, name: 'forbidden' }] : [];
    }
  };
  const push = async (docs: PouchDocument[]): Promise<BulkResult[]> => {
    const { parts, tooLarge } = partsOf(docs);
    const results: BulkResult[] = tooLarge.map(({ _id }) => ({ error: 'too_large', id: _id }));
    for (const part of parts) results.push(...(await sendPart(part)));
    const failed = results.filter(({ error, id }) => error && id !== undefined);
    const refused: Refused[] = [];
    const answers = failed.map((result) => {
      const doc =
        docs.find(({ _id, _rev }) => _id === result.id && _rev === result.rev) ??
        docs.find(({ _id }) => _id === result.id);
      if (!doc || !isRefusal(result, doc)) return result;
      refused.push({ docId: doc._id, revision: doc._rev ?? '', reason: reasonOf(result) });
      return { ...describeError(result), id: doc._id, name: 'forbidden' };
    });
    if (refused.length > 0) await onRefused(refused);
    const failedIds = new Set(failed.map(({ id }) => id));
    await onAccepted(docs.map(({ _id }) => _id).filter((id) => !failedIds.has(id)));
    return answers;
  };
  return Object.assign(remote, {
    url,
    request: fetcher,
    page: (query: { since: Sequence; limit: number }) => fetchChanges(fetcher, url, query),
    // PouchDB asks the server's root for a uuid; ours names a replication by its URL.
    id: () => Promise.resolve(url),
    // Asked for at every batch, unheard where it fails, and only for a list of tasks that nobody reads.
    info: () => Promise.resolve({ db_name: url, doc_count: 0, update_seq: 0 }),
    bulkDocs: (request: { docs: PouchDocument[] }) => push(request.docs),
    bulkGet: async (request: BulkGetRequest) => {
      // Assets are fetched when they are needed; only their deletions must be known.
      const docs = request.docs.filter(({ id, rev }) => !(isAssetId(id) && rev?.startsWith('1-') === true));
      if (docs.length === 0) return { results: [] };
      const answer = await requestBulkGet(fetcher, url, { ...request, docs });
      for (const { docs: found } of answer.results) {
        for (const { ok } of found) if (ok) onArrival(ok._id, ok._rev ?? '');
      }
      return answer;
    },
  });
}

/**
 * PouchDB reads every answer as JSON. A page of HTML comes from something between us and the server, which may say
 * that a request is too large; whatever else it says is about the way there and not about a document. And PouchDB
 * copies errors by their own properties, of which a DOMException has none.
 */
function readableErrors(fetcher: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetcher(input, init).catch((error: unknown) => {
      throw isTimeout(error) ? new Error(error.message, { cause: error }) : error;
    });
    const { ok, status, headers } = response;
    if (ok) return response;
    if (headers.get('content-type')?.includes('json') === true) {
      if (status === 403) await assertMember(response.clone());
      return response;
    }
    const reason = `The answer was ${status} and did not come from the server's database.`;
    return Response.json(
      { error: status === 413 ? 'too_large' : 'bad_gateway', reason },
      { status: status === 413 ? 413 : 502 },
    );
  };
}

/** Says that the user's time in the space is over, which is no refusal of what was sent. */
async function assertMember(response: Response): Promise<void> {
  const { code, reason } = (await response.json().catch(() => ({}))) as { code?: string; reason?: string };
  if (code !== 'membership_ended' && code !== 'space_deleted') return;
  throw Object.assign(new Error(reason ?? 'You are no member of this space.'), {
    status: 403,
    name: code,
    code,
  });
}

/** Whether the space is the user's no more, by its own word. */
export function isSpaceEnd(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'membership_ended' || code === 'space_deleted';
}

function isTimeout(error: unknown): error is DOMException {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

/** PouchDB's own falls back to single requests for the rest of the page's life when one answer is lost. */
async function requestBulkGet(
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

/** Statuses that sending the same again would not change. */
function isClientFault(status: number | undefined): boolean {
  return status === 400 || status === 403 || status === 413 || status === 415 || status === 422;
}

function describeError(error: PouchError): BulkResult {
  const { status, message, reason } = error;
  return {
    error: true,
    ...(status === undefined ? {} : { status }),
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function reasonOf(result: BulkResult): string {
  const said = result.reason ?? result.message ?? '';
  const isTooLarge = isStatus(result, 413) || String(result.error).includes('too_large');
  if (isTooLarge && !/large|size/i.test(said)) return 'The document is too large.';
  return said === '' ? 'The server refused it without a reason.' : said;
}
