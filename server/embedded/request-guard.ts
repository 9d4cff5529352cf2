import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { badRequest, CouchError } from './couch-error.ts';
import type { Limits } from './limits.ts';

/** A request's path and query, decoded once, before anything looks at them. */
export interface Target {
  /** The path's parts, each decoded; `_design%2Fx` and `_design/x` both give the parts `_design`, `x`. */
  parts: string[];
  query: Map<string, string>;
}

const methods = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'COPY']);
const unzip = promisify(gunzip);

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest('The path is not valid UTF-8.');
  }
}

/** `_design%2Fx` and `%5Flocal%2Fx` mean the same as their plain forms, also to CouchDB. */
function splitSpecialId(parts: string[]): string[] {
  const [database, id, ...rest] = parts;
  const special = id === undefined ? null : /^(_design|_local)\/(.*)$/s.exec(id);
  if (database === undefined || !special) return parts;
  return [database, special[1] as string, special[2] as string, ...rest];
}

/** Reads the request line; throws 400, 405 or 414 for what no route could serve. */
export function readTarget(request: IncomingMessage): Target {
  const url = request.url ?? '/';
  if (!methods.has(request.method ?? '')) {
    throw new CouchError(405, 'method_not_allowed', 'Only DELETE,GET,HEAD,POST,PUT,COPY allowed');
  }
  if (url.length > 16_384) throw new CouchError(414, 'uri_too_long', 'The address is too long.');
  if (!url.startsWith('/')) throw badRequest('The path must be absolute.');
  const [path = '/', ...search] = url.split('?');
  const raw = path.slice(1).split('/');
  if (raw.at(-1) === '') raw.pop();
  const parts = raw.map(decode);
  if (parts.some((part) => part === '.' || part === '..' || part.includes('\u0000'))) {
    throw badRequest('The path must not contain dot segments.');
  }
  return { parts: splitSpecialId(parts), query: new Map(new URLSearchParams(search.join('?'))) };
}

/** Reads a request's body whole; throws 413 beyond the limit. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooMuch = new CouchError(413, 'too_large', 'the request entity is too large');
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooMuch;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > limit) throw tooMuch;
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity' || body.length === 0) return body;
  if (encoding !== 'gzip')
    throw new CouchError(415, 'bad_ctype', 'Content-Encoding must be gzip or identity');
  try {
    return await unzip(new Uint8Array(body), { maxOutputLength: limit });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooMuch;
    throw badRequest('The body is not gzip.');
  }
}

const openers = new Set([0x7b, 0x5b]);
const closers = new Set([0x7d, 0x5d]);

/** Refuses deep nesting before anything recursive meets it. */
function assertDepth(text: string, limit: number): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (openers.has(code)) {
      depth += 1;
      if (depth > limit) throw badRequest('The JSON is nested too deeply.');
    } else if (closers.has(code)) depth -= 1;
  }
}

/** Parses a JSON body; an empty one gives undefined. */
export function parseJson(body: Buffer, limits: Limits): unknown {
  if (body.length === 0) return undefined;
  const text = body.toString('utf8');
  assertDepth(text, limits.depth);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badRequest('invalid UTF-8 JSON');
  }
}
