import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Readable } from 'node:stream';
import type { Log } from '../log.ts';
import type { ProxyRoute } from './route-table.ts';
import { engineUnavailable, ReplicationError } from './replication-error.ts';
import type { EngineAnswer } from './upstream.ts';

/** Headers of the engine that mean something to a client; all others (cookies, locations, server names) stay behind. */
const passedHeaders = ['content-type', 'content-length', 'content-encoding', 'etag', 'content-md5'] as const;
const errorSchema = z.object({
  error: z.string(),
  reason: z
    .string()
    .nullish()
    .transform((reason) => reason ?? ''),
});
const longestError = 64 * 1024;
/** CouchDB's words about a token it does not take (src/jwtf): 400, not 401. */
const tokenTrouble =
  /^(?:malformed (?:authentication )?token|bad signature|unknown (?:kid|public key|key)|missing or invalid claims|(?:missing|invalid) \w+ (?:claim|header parameter)|(?:exp|nbf|iat) not in (?:future|past))/i;
const notAMember = /not allowed to access this db/i;

/** The headers for the client. Attachments are somebody's bytes: no browser may run them as a page. */
export function clientHeaders(route: ProxyRoute, headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = { 'cache-control': 'private, no-cache' };
  for (const name of passedHeaders) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  if (route.path === '/:db/:doc/:attachment' && route.method === 'GET') {
    passed['content-security-policy'] = "default-src 'none'; sandbox";
    passed['content-disposition'] = 'attachment';
    passed['x-content-type-options'] = 'nosniff';
  }
  return passed;
}

async function readText(body: Readable): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > longestError) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseError(text: string): { error: string; reason: string } {
  try {
    const parsed = errorSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // What is not JSON is not CouchDB's own answer; its text is not passed on.
  }
  return { error: 'bad_gateway', reason: 'The database gave an answer that cannot be read.' };
}

/**
 * An error of the engine as one for the client. What is the server's own fault (its token, its membership,
 * its engine) is a 502 or 503 and is logged: a 401 or 403 would end a PouchDB's live replication.
 */
export async function engineError(
  answer: EngineAnswer,
  isHead: boolean,
  log: Log,
): Promise<ReplicationError> {
  const { error, reason } = isHead ? { error: 'error', reason: '' } : parseError(await readText(answer.body));
  const ownFault =
    answer.status === 401 ||
    (answer.status === 400 && tokenTrouble.test(reason)) ||
    (answer.status === 403 && (isHead || notAMember.test(reason)));
  if (ownFault) {
    log.error({ status: answer.status, reason }, "the engine does not take the server's own token");
    return engineUnavailable();
  }
  if (answer.status >= 500) {
    log.error({ status: answer.status, error, reason }, 'the engine failed');
    if (answer.status === 503 || answer.status === 429) return engineUnavailable();
    return new ReplicationError(502, 'bad_gateway', 'The database failed to answer this request.');
  }
  return new ReplicationError(answer.status, error, reason);
}
