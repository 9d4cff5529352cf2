import { SetteeError } from '../errors.ts';
import type { Directory } from './directory.ts';
import type { SpaceDocument } from './space-document.ts';

/** The space's document; throws SetteeError `not_found`. */
export async function requireSpace(directory: Directory, spaceId: string): Promise<SpaceDocument> {
  return required(await directory.get(spaceId));
}

/** For changes: the document that is to be changed; throws SetteeError `not_found` where there is none any more. */
export function required(document: SpaceDocument | null): SpaceDocument {
  if (document && !document.removing) return document;
  throw new SetteeError('not_found', 'There is no such space.');
}
