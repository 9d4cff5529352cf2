import { contentHash } from '../../flow/content-hash.ts';
import { monthOfUuidV7 } from '../../schema/ids.ts';

/** A UUID that is always the same for the same value, in the form of RFC 9562, version 8. */
export function hashedId(value: unknown): string {
  const hash = contentHash(value);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

/**
 * The id under which a run is kept when its space goes: always the same, and of the same month, which a UUID v7 tells
 * by its first 48 bits. Where another id told no month, the run goes by its start as before.
 */
export function rescuedRunId(id: string): string {
  const hashed = hashedId(['rescued run', id]);
  return monthOfUuidV7(id) === null ? hashed : `${id.slice(0, 13)}-7${hashed.slice(15)}`;
}
