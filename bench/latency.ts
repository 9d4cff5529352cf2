import { smallDocuments } from './documents.ts';
import type { Endpoint } from './people.ts';

/**
 * Milliseconds from the start of a write to its line in a continuous feed of the same endpoint, once per write.
 */
export async function writeToListener(endpoint: Endpoint, writes: number): Promise<number[]> {
  const headers = { authorization: endpoint.authorization, 'content-type': 'application/json' };
  const abort = new AbortController();
  const feed = await fetch(`${endpoint.url}/_changes?feed=continuous&since=now&heartbeat=10000`, {
    headers,
    signal: abort.signal,
  });
  const lines = readLines(feed);
  const times: number[] = [];
  for (const document of smallDocuments(writes) as { _id: string }[]) {
    const start = performance.now();
    const arrived = lines.find(document._id);
    const answer = await fetch(`${endpoint.url}/${encodeURIComponent(document._id)}`, {
      method: 'PUT',
      headers,
      body: JSON.stringify(document),
    });
    if (!answer.ok) throw new Error(`PUT: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
    times.push((await arrived) - start);
  }
  abort.abort();
  return times;
}

function readLines(feed: Response): { find(text: string): Promise<number> } {
  let waiting: { text: string; found(at: number): void } | null = null;
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of feed.body as unknown as AsyncIterable<Uint8Array>) {
      if (waiting && decoder.decode(chunk).includes(waiting.text)) waiting.found(performance.now());
    }
  };
  read().catch((cause: unknown) => {
    if (!(cause instanceof Error && cause.name === 'AbortError')) throw cause;
  });
  return {
    find: (text) =>
      new Promise((found) => {
        waiting = { text, found };
      }),
  };
}
