import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { IntendedWrite, Room } from '../spaces/quota.ts';
import {
  assertBodyAcceptable,
  assertJsonType,
  checkedBody,
  jsonCheck,
  sizeCheck,
  type DocumentFacts,
} from './checked-body.ts';
import type { ProxyLimits } from './limits.ts';
import { badRequest, forbidden } from './replication-error.ts';
import type { BodyKind } from './route-table.ts';

/** A body for the engine with the headers that describe it. */
export interface EngineBody {
  body?: Readable;
  headers: Record<string, string>;
}

const plainType =
  /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(?:\s*;\s*[\w.+-]{1,40}=(?:[\w.+-]{1,80}|"[\w .+-]{0,80}"))*$/;

function maxBytesOf(kind: BodyKind, limits: ProxyLimits): number {
  if (kind === 'document') return limits.documentBytes;
  if (kind === 'checkpoint') return limits.checkpointBytes;
  if (kind === 'attachment') return limits.attachmentUploadBytes;
  return kind === 'bulk-docs' ? limits.requestBytes : limits.questionBytes;
}

/** Refuses a request whose headers already say that its body cannot be taken. */
export function assertBody(request: IncomingMessage, kind: BodyKind, limits: ProxyLimits): void {
  if (kind === 'none') return;
  assertBodyAcceptable(request, maxBytesOf(kind, limits));
  if (kind !== 'attachment') assertJsonType(request);
}

/** The length as the client gave it: a checked body is passed on as it is, or not to its end. */
function lengthOf(request: IncomingMessage): Record<string, string> {
  const length = request.headers['content-length'];
  return length === undefined ? {} : { 'content-length': length };
}

function assertRoom(room: Room, write: IntendedWrite): void {
  const reason = room.refusal(write);
  if (reason !== null) throw forbidden(reason, 'quota_exceeded');
}

export interface EngineBodyOptions {
  limits: ProxyLimits;
  /** The address's, for documents. */
  documentId: string;
  /** What the quota has room for. */
  room: Room;
  /** The address or a header names the revision that the write is on top of. */
  hasRevision: boolean;
}

function attachmentBody(
  request: IncomingMessage,
  { limits, room, hasRevision }: EngineBodyOptions,
): EngineBody {
  const type = request.headers['content-type'] ?? 'application/octet-stream';
  if (!plainType.test(type)) throw badRequest('The Content-Type is not one.');
  return {
    body: checkedBody(request, [
      sizeCheck(limits.attachmentUploadBytes, (bytes) =>
        assertRoom(room, { bytes, isNew: !hasRevision, deletion: 'none' }),
      ),
    ]),
    headers: { 'content-type': type, ...lengthOf(request) },
  };
}

/** The body as the engine gets it: streamed, checked on the way. */
export function engineBody(request: IncomingMessage, kind: BodyKind, options: EngineBodyOptions): EngineBody {
  if (kind === 'none' || kind === 'bulk-docs') return { headers: {} };
  if (kind === 'attachment') return attachmentBody(request, options);
  const { limits, room, hasRevision } = options;
  const judge = (facts: DocumentFacts): void =>
    assertRoom(room, { ...facts, isNew: !hasRevision && !facts.hasRevision });
  const isDocument = kind === 'document' || kind === 'checkpoint';
  const checks = [
    sizeCheck(maxBytesOf(kind, limits)),
    jsonCheck({
      maxDepth: limits.depth,
      ...(isDocument ? { documentId: options.documentId } : {}),
      ...(kind === 'document' ? { judge } : {}),
    }),
  ];
  return {
    body: checkedBody(request, checks),
    headers: { 'content-type': 'application/json', ...lengthOf(request) },
  };
}
