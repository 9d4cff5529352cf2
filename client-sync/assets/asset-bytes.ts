import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { computeRevision } from '../../flow/revision.ts';
import { assetDocId, assetIdPattern } from '../../schema/ids.ts';
import { writeInTurn } from '../local/in-turn.ts';
import { getOrNull, splitRevision } from '../local/local-documents.ts';
import { noteOwn } from '../local/own-revisions.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';

/** What bytes are and what they belong to. */
export interface AssetDescription {
  contentType: string;
  flowId?: string;
  executionId?: string;
}

const plainType = 'application/octet-stream';
/** Types that a page may show under its own origin; others are handed out as plain bytes, since members write them. */
const harmlessTypes =
  /^(?:image\/(?:png|jpeg|gif|webp|avif|bmp)|audio\/[\w.+-]+|video\/[\w.+-]+|text\/plain|application\/json)(?:;|$)/;
/** What a stored content type looks like. */
const contentType =
  /^[0-9A-Za-z!#$&^_.+-]{1,100}\/[0-9A-Za-z!#$&^_.+-]{1,100}(?:; ?[0-9A-Za-z_.+-]{1,40}=[0-9A-Za-z_.+-]{1,80})*$/;
const chunkBytes = 0x8000;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    text += String.fromCharCode(...bytes.subarray(at, at + chunkBytes));
  }
  return btoa(text);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function isAssetId(text: string): boolean {
  return assetIdPattern.test(text);
}

export function assetIdOf(bytes: Uint8Array): string {
  return assetDocId(bytesToHex(sha256(bytes)));
}

/** The bytes for an application; null where they are not those that the id names. */
export function blobOf(id: string, bytes: Uint8Array<ArrayBuffer>, type: string): Blob | null {
  if (assetIdOf(bytes) !== id) return null;
  return new Blob([bytes], { type: harmlessTypes.test(type) ? type : plainType });
}

/** Stores bytes as an asset of the database; the same bytes, described alike, are the same revision everywhere. */
export async function storeAsset(
  db: Pouch,
  bytes: Uint8Array,
  description: AssetDescription,
): Promise<string> {
  const id = assetIdOf(bytes);
  if (await getOrNull(db, id)) return id;
  const type = contentType.test(description.contentType) ? description.contentType : plainType;
  const fields = {
    _id: id,
    type: 'asset',
    schemaVersion: 1,
    bytes: bytes.length,
    ...description,
    contentType: type,
  };
  const content = {
    ...fields,
    _attachments: { data: { content_type: type, data: toBase64(bytes) } },
  };
  const { rows } = await db.allDocs({ keys: [id] });
  await writeInTurn(db, id, async () => {
    // Its first revision would stay below the deletion.
    const revision =
      rows[0]?.value?.deleted === true
        ? (await db.put(content)).rev
        : await putFirst(db, content, computeRevision(fields));
    await noteOwn(db, id, revision);
  });
  return id;
}

async function putFirst(db: Pouch, content: PouchDocument, revision: string): Promise<string> {
  const [start, hash] = splitRevision(revision);
  const doc = { ...content, _rev: revision, _revisions: { start, ids: [hash] } };
  const [failure] = await db.bulkDocs({ docs: [doc], new_edits: false });
  if (failure?.error) throw Object.assign(new Error(failure.message ?? 'A write failed.'), failure);
  return revision;
}

/** An asset of a local database, or null; also under another document id, where copies of it are kept. */
export async function readAsset(db: Pouch, id: string, docId = id): Promise<Blob | null> {
  const doc = await db.get(docId, { attachments: true }).catch((error: { status?: number }) => {
    if (error.status === 404) return null;
    throw error;
  });
  const attachments = doc?._attachments as
    Record<string, { data?: string; content_type?: string }> | undefined;
  const { data, content_type: type = '' } = attachments?.data ?? {};
  return typeof data === 'string' ? blobOf(id, fromBase64(data), type) : null;
}
