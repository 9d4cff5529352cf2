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
  const timer = setInterval(() => {
    void proxy.residentBytes().then((now) => {
      peak = Math.max(peak, now);
    });
  }, 20);
  for (let round = 0; round < 3; round += 1) await download();
  clearInterval(timer);
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
