import { retryOnConflict } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { readAsset, toBase64 } from './asset-bytes.ts';

/** Assets that were fetched, kept in a space's notes: they go with the space, and are not replicated. */
export interface AssetCache {
  read: (id: string) => Promise<Blob | null>;
  keep: (id: string, blob: Blob) => Promise<void>;
}

const prefix = 'cached-';
/** Bytes kept for a space; beyond, the oldest go. */
const defaultBytes = 50_000_000;

export function createAssetCache(notes: Pouch, now: () => number, mostBytes = defaultBytes): AssetCache {
  const remove = (id: string, rev: string) =>
    notes.put({ _id: id, _rev: rev, _deleted: true }).catch(() => {
      // Another tab was quicker.
    });
  const makeRoom = async (bytes: number): Promise<void> => {
    const range = { startkey: `${prefix}asset:`, endkey: `${prefix}asset:\uffff` };
    const { rows } = await notes.allDocs({ ...range, include_docs: true });
    const kept = rows.toSorted((a, b) => Number(a.doc?.at) - Number(b.doc?.at));
    let total = kept.reduce((sum, { doc }) => sum + Number(doc?.bytes), bytes);
    for (const { id, value, doc } of kept) {
      if (total <= mostBytes) return;
      await remove(id, value?.rev ?? '');
      total -= Number(doc?.bytes);
    }
  };
  return {
    read: (id) => readAsset(notes, id, prefix + id),
    async keep(id, blob) {
      if (blob.size > mostBytes / 2) return;
      await makeRoom(blob.size);
      const data = toBase64(new Uint8Array(await blob.arrayBuffer()));
      await retryOnConflict(async () => {
        const { rows } = await notes.allDocs({ keys: [prefix + id] });
        const rev = rows[0]?.value?.rev;
        await notes.put({
          _id: prefix + id,
          ...(rev === undefined || rows[0]?.value?.deleted === true ? {} : { _rev: rev }),
          at: now(),
          bytes: blob.size,
          _attachments: { data: { content_type: blob.type, data } },
        });
      });
    },
  };
}
