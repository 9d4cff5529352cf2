import { SetupError } from '../errors.ts';

export interface EngineAnswer {
  status: number;
  /** Parsed JSON; undefined where the body is something else. */
  body: unknown;
  headers: Headers;
}

export interface EngineRequest {
  method?: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  body?: unknown;
  /** Instead of the server's own. */
  authorization?: string;
  signal?: AbortSignal;
}

/** Plain requests to the engine, for what nano has no call for. Rejects only where no answer comes. */
export interface EngineHttp {
  readonly origin: string;
  /** The server's own `Authorization`. */
  readonly authorization: string;
  request(path: string, options?: EngineRequest): Promise<EngineAnswer>;
  /** The answer with its body unread. */
  open(path: string, options?: EngineRequest): Promise<Response>;
}

const answerMilliseconds = 15_000;

/** Takes the credentials out of the address, so that no log line and no error can show them. */
export function createEngineHttp(url: string): EngineHttp {
  const { origin, authorization } = readAddress(url);

  function open(path: string, options: EngineRequest = {}): Promise<Response> {
    const { method = 'GET', body, signal } = options;
    return fetch(origin + path, {
      method,
      headers: {
        accept: 'application/json',
        authorization: options.authorization ?? authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  }

  return {
    origin,
    authorization,
    open,
    async request(path, options = {}) {
      const response = await open(path, { signal: AbortSignal.timeout(answerMilliseconds), ...options });
      const text = await response.text();
      return { status: response.status, body: parseJson(text), headers: response.headers };
    },
  };
}

/** The same until the signal aborts: then what is under way and what is asked later rejects. */
export function withSignal(http: EngineHttp, signal: AbortSignal): EngineHttp {
  const until = (options: EngineRequest | undefined): EngineRequest => ({
    ...options,
    signal: AbortSignal.any([signal, options?.signal ?? AbortSignal.timeout(answerMilliseconds)]),
  });
  return {
    ...http,
    request: (path, options) => http.request(path, until(options)),
    open: (path, options) => http.open(path, until(options)),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function readAddress(url: string): { origin: string; authorization: string } {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new SetupError('COUCHDB_URL is not an address such as http://admin:password@host:5984.');
  }
  if (parsed.username === '' || parsed.password === '') {
    throw new SetupError(
      `COUCHDB_URL has no credentials. Settee needs an administrator of CouchDB: http://admin:password@${parsed.host}.`,
    );
  }
  const credentials = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
  return {
    origin: `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, ''),
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}
