import { isAssetId } from '../assets/asset-bytes.ts';
import type { PouchOpener } from '../pouch/open-pouch.ts';
import type { BulkGetRequest, Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import type { Sequence } from './checkpoint.ts';
import { fetchChanges, type ChangesPage } from './fetch-changes.ts';
import { readableErrors } from './readable-errors.ts';
import { requestBulkGet } from './request-bulk-get.ts';
import { createSendDocuments, type Refused } from './send-documents.ts';

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

/**
 * A database on the server as replication sees it. What is refused, alone or as part of a request, is reported and
 * answered as forbidden, which makes replication go on with the other documents.
 */
export function openRemoteDatabase(options: RemoteOptions): RemoteDatabase {
  const { opener, url, onArrival, onRefused, onAccepted } = options;
  const fetcher = readableErrors(options.fetcher);
  const remote = opener.openRemote(url, fetcher);
  const send = createSendDocuments({ bulkDocs: remote.bulkDocs.bind(remote), onRefused, onAccepted });
  return Object.assign(remote, {
    url,
    request: fetcher,
    page: (query: { since: Sequence; limit: number }) => fetchChanges(fetcher, url, query),
    // PouchDB asks the server's root for a uuid; ours names a replication by its URL.
    id: () => Promise.resolve(url),
    // Asked for at every batch, unheard where it fails, and only for a list of tasks that nobody reads.
    info: () => Promise.resolve({ db_name: url, doc_count: 0, update_seq: 0 }),
    bulkDocs: (request: { docs: PouchDocument[] }) => send(request.docs),
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
