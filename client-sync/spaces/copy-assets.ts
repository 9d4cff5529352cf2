import { storeAsset } from '../assets/asset-bytes.ts';
import { createAssetCache } from '../assets/asset-cache.ts';
import { isStatus } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';

const assetIds = /asset:[0-9a-f]{64}/g;

interface Source {
  db: Pouch;
  /** Of the same space: they hold what was fetched. */
  notes: Pouch;
}

/**
 * Takes along the assets that a document names, as far as they are here. Rejects where one is and cannot be read or
 * written: what it was copied from must not go then.
 */
export async function copyAssets({ db, notes }: Source, to: Pouch, doc: object): Promise<void> {
  for (const id of new Set(JSON.stringify(doc).match(assetIds))) {
    const { rows } = await to.allDocs({ keys: [id] });
    if (rows[0]?.value && rows[0].value.deleted !== true) continue;
    const asset = await db.get(id, { attachments: true, revs: true }).catch((error: unknown) => {
      if (isStatus(error, 404)) return null;
      throw error;
    });
    if (!asset) {
      await copyCached(notes, to, id);
      continue;
    }
    const [failure] = await to.bulkDocs({ docs: [asset], new_edits: false });
    if (failure?.error) throw Object.assign(new Error(failure.message ?? 'A write failed.'), failure);
  }
}

/** What was fetched once and is on a server that will not hand it out again. */
async function copyCached(notes: Pouch, to: Pouch, id: string): Promise<void> {
  const blob = await createAssetCache(notes, Date.now).read(id);
  if (blob) await storeAsset(to, new Uint8Array(await blob.arrayBuffer()), { contentType: blob.type });
}
