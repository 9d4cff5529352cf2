import { limits } from '../../schema/field-rules.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import { documentLength } from './offer-document.ts';

/** Larger requests are sent in parts: they are slow to repeat, and the proxy takes no more than 64 MB. */
const requestLength = 8_000_000;

/** Splits a batch into requests of a bearable size; what no server takes is not even sent. */
export function partsOf(docs: PouchDocument[]): { parts: PouchDocument[][]; tooLarge: PouchDocument[] } {
  const parts: PouchDocument[][] = [];
  const tooLarge: PouchDocument[] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const doc of docs) {
    const size = JSON.stringify(doc).length;
    if (documentLength(doc) > limits.documentBytes) {
      tooLarge.push(doc);
      continue;
    }
    if (length + size > requestLength) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(doc);
    length += size;
  }
  return { parts, tooLarge };
}
