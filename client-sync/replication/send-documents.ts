import { isStatus } from '../local/local-documents.ts';
import type { BulkResult, Pouch, PouchDocument, PouchError } from '../pouch/pouch-types.ts';
import { partsOf } from './request-parts.ts';
import { isSpaceEnd } from './space-end.ts';

/** A revision that the server does not take. */
export interface Refused {
  docId: string;
  revision: string;
  reason: string;
}

interface SendOptions {
  /** Sends one request. */
  bulkDocs: Pouch['bulkDocs'];
  /** Awaited before the push goes on, since it will not offer these again. */
  onRefused: (refused: Refused[]) => Promise<void>;
  onAccepted: (docIds: string[]) => Promise<void>;
}

/** Documents that the engine fails on again and again are set aside, so that they hold up no others. */
const failuresAllowed = 3;

const refusals = new Set(['forbidden', 'unauthorized', 'bad_request', 'doc_validation', 'invalid_document']);

/** Sends a batch of a push; what is refused, alone or as part of a request, is reported and answered as forbidden. */
export function createSendDocuments(options: SendOptions): (docs: PouchDocument[]) => Promise<BulkResult[]> {
  const { bulkDocs, onRefused, onAccepted } = options;
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
  return async (docs: PouchDocument[]): Promise<BulkResult[]> => {
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
