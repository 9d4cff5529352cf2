/** How long a connection may stay silent before it counts as dead: feeds send a sign of life every 10 s. */
const silenceMilliseconds = 45_000;
/** Timers of more milliseconds fire at once; a clock that was set back by years would ask for one. */
const longestTimer = 2 ** 31 - 1;
/** Slowest upload that is waited for. */
const slowestBytesPerMillisecond = 16;

/**
 * Sends a request and reads its whole answer, and gives up where the connection stays silent: a network that went away
 * without a word (sleep, changed Wi-Fi) would otherwise leave a long poll open for ever. `until` (ms from now) ends
 * it early with a TimeoutError.
 */
export async function readAnswer(
  fetcher: typeof fetch,
  url: string,
  init: RequestInit,
  until: number,
): Promise<Response> {
  const ending = new AbortController();
  const abort = () => ending.abort(init.signal?.reason);
  if (init.signal?.aborted) abort();
  init.signal?.addEventListener('abort', abort);
  const upload = typeof init.body === 'string' ? init.body.length / slowestBytesPerMillisecond : 0;
  const guard = createGuard(ending, silenceMilliseconds);
  const deadline = Number.isFinite(until)
    ? setTimeout(() => ending.abort(timeout()), Math.min(until, longestTimer))
    : undefined;
  guard.reset(silenceMilliseconds + upload);
  try {
    const response = await fetcher(url, { ...init, signal: ending.signal });
    const parts = await readParts(response, () => guard.reset(silenceMilliseconds));
    return copyAnswer(response, parts);
  } finally {
    guard.clear();
    clearTimeout(deadline);
    init.signal?.removeEventListener('abort', abort);
  }
}

/** A `fetch` that gives up where the connection stays silent. */
export function patientFetch(fetcher: typeof fetch): typeof fetch {
  return (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    return readAnswer(fetcher, url, init, Number.POSITIVE_INFINITY);
  };
}

function timeout(): DOMException {
  return new DOMException('The connection stayed silent.', 'TimeoutError');
}

function createGuard(ending: AbortController, first: number) {
  let timer = setTimeout(() => ending.abort(timeout()), first);
  return {
    reset(milliseconds: number) {
      clearTimeout(timer);
      timer = setTimeout(() => ending.abort(timeout()), milliseconds);
    },
    clear: () => clearTimeout(timer),
  };
}

async function readParts(response: Response, onPart: () => void): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body?.getReader();
  if (!reader) return parts;
  for (;;) {
    const { done, value } = await reader.read();
    onPart();
    if (done) return parts;
    parts.push(value);
  }
}

const withoutBody = new Set([204, 205, 304]);

function copyAnswer(response: Response, parts: Uint8Array<ArrayBuffer>[]): Response {
  const { status, statusText, headers } = response;
  const body = withoutBody.has(status) ? null : new Blob(parts);
  return asInNode(new Response(body, { status, statusText, headers }));
}

/** PouchDB in Node takes attachments as Buffers, by the method that node-fetch has for it; browsers take Blobs. */
function asInNode(response: Response): Response {
  const { Buffer: bufferOf } = globalThis as { Buffer?: { from(bytes: ArrayBuffer): unknown } };
  if (typeof window !== 'undefined' || !bufferOf) return response;
  return Object.assign(response, { buffer: async () => bufferOf.from(await response.arrayBuffer()) });
}
