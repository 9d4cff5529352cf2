/** Speaks to an engine as `curl` would: any user, any path, the raw answer. */
export interface CouchClient {
  (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<CouchAnswer>;
}

/** A JSON answer, with the members that tests ask for; an answer that lacks one has undefined there. */
export interface Json {
  rev: string;
  reason: string;
  rows: { id: string; value: { rev: string } }[];
  results: { id: string }[];
  _revisions: { ids: string[] };
  [member: string]: unknown;
  [index: number]: { id: string; rev?: string; reason?: string };
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return Object.create(null) as Json;
  }
}

export interface CouchAnswer {
  status: number;
  headers: Headers;
  text: string;
  json: Json;
}

export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** A client of the engine at `url`; credentials in it are sent, `authorization` in the headers replaces them. */
export function couchClient(url: string): CouchClient {
  const { origin, username, password } = new URL(url);
  const credentials: Record<string, string> = username ? { authorization: basic(username, password) } : {};
  return async (method, path, body, headers = {}) => {
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(origin + path, {
      method,
      headers: { 'content-type': 'application/json', ...credentials, ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
}

let count = 0;

/** A name that the engine accepts, another at each call. */
export function databaseName(): string {
  count += 1;
  return `userdb-${Buffer.from(`test${process.pid}x${count}`).toString('hex')}`;
}
