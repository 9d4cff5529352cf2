import { getOrNull } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';

const assetIds = /asset:[0-9a-f]{64}/g;

/** Takes along the assets that a document names, as far as they are kept here. */
export async function copyAssets(from: Pouch, to: Pouch, doc: object): Promise<void> {
  for (const id of new Set(JSON.stringify(doc).match(assetIds))) {
    if (await getOrNull(to, id)) continue;
    const asset = await from.get(id, { attachments: true, revs: true }).catch(() => null);
    if (asset) await to.bulkDocs([asset], { new_edits: false });
  }
}
