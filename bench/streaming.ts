import { setTimeout as sleep } from 'node:timers/promises';
import { smallDocuments } from './documents.ts';
import { newPerson, store } from './people.ts';
import type { ServerProcess } from './servers.ts';
import type { Row } from './table.ts';

const megabyte = 1024 * 1024;
const documents = 200;

/** How much the proxy's process grows while 100 MB stream through it to a client. */
export async function streaming(proxy: ServerProcess): Promise<Row[]> {
  const person = await newPerson(proxy);
  const note = 'x'.repeat((100 * megabyte) / documents);
  for (const document of smallDocuments(documents)) {
    await store(person.direct, [{ ...document, flow: { nodes: [], edges: [], note } }]);
  }
  const download = async () => {
    const answer = await fetch(`${person.proxied.url}/_all_docs?include_docs=true`, {
      headers: { authorization: person.proxied.authorization },
    });
    let bytes = 0;
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
    if (bytes < 100 * megabyte) throw new Error(`Only ${bytes} bytes arrived.`);
  };
  await download();
  const before = await proxy.residentBytes();
  let peak = before;
  const watching = new AbortController();
  const watch = async (): Promise<void> => {
    while (!watching.signal.aborted) {
      peak = Math.max(peak, await proxy.residentBytes());
      await sleep(200);
    }
  };
  const downloads = async (): Promise<void> => {
    for (let round = 0; round < 3; round += 1) await download();
    watching.abort();
  };
  await Promise.all([watch(), downloads()]).finally(() => watching.abort());
  return [
    {
      what: 'growth while 3 × 100 MB stream through the proxy',
      ours: `${((peak - before) / megabyte).toFixed(1)} MB`,
      baseline: '-',
      ratio: '-',
      aim: 'none',
    },
  ];
}
