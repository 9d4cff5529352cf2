import type { Request } from 'express';
import { SetteeError } from '../errors.ts';
import type { Reply } from './route.ts';
import type { Stored } from './store/document-store.ts';

/** The entity tag of a document: its winning revision in quotes (RFC 9110, 8.8.3). */
export function etagOf(document: Pick<Stored, '_rev'>): string {
  return `"${document._rev}"`;
}

function tagsOf(header: string): string[] {
  return header
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

function matches(header: string, current: Stored | null): boolean {
  if (current === null) return false;
  const tags = tagsOf(header);
  return tags.includes('*') || tags.includes(etagOf(current));
}

/** Throws `precondition_failed`, with what is there in `details.current` and its tag in the ETag header. */
export type CheckPrecondition<T> = (current: (T & Stored) | null) => void;

/** Reads the caller's If-Match and If-None-Match (RFC 9110, 13.1); `show` makes of the document what the caller may see. */
export function preconditionOf<T extends object>(
  request: Pick<Request, 'get'>,
  show: (current: T & Stored) => unknown,
): CheckPrecondition<T> {
  const match = request.get('if-match');
  const noneMatch = request.get('if-none-match');

  function fail(current: (T & Stored) | null, message: string): never {
    throw new SetteeError('precondition_failed', message, {
      details: { current: current === null ? null : show(current), revision: current?._rev ?? null },
      ...(current === null ? {} : { headers: { ETag: etagOf(current) } }),
    });
  }
  return (current) => {
    if (match !== undefined && !matches(match, current)) {
      fail(current, 'This is not the revision that If-Match names; `details.current` is what is there now.');
    }
    if (noneMatch !== undefined && matches(noneMatch, current)) {
      fail(current, 'If-None-Match names what is there.');
    }
  };
}

/** A 304 where If-None-Match names the document as it is, else null. */
export function notModified(request: Pick<Request, 'get'>, document: Stored): Reply | null {
  const header = request.get('if-none-match');
  return header !== undefined && matches(header, document)
    ? { status: 304, headers: { ETag: etagOf(document) } }
    : null;
}
