import { idleLatency, idleMemory } from './idle-clients.ts';
import { idleStreams } from './idle-streams.ts';
import { firstSync } from './first-sync.ts';
import { ratioRow } from './compare.ts';
import { writeToListener } from './latency.ts';
import { mergeCost } from './merge.ts';
import { newPerson } from './people.ts';
import { replication } from './replication.ts';
import { restList } from './rest-list.ts';
import { startServer, type ServerProcess } from './servers.ts';
import { streaming } from './streaming.ts';
import { percentile, printTable, type Row } from './table.ts';
import { together } from './together.ts';
import { validatorCost } from './validator-cost.ts';

const repeats = Number(process.env.BENCH_REPEATS ?? 3);
const only = process.env.BENCH_ONLY ? new RegExp(process.env.BENCH_ONLY) : null;

async function latency(server: ServerProcess): Promise<Row[]> {
  const person = await newPerson(server);
  await writeToListener(person.proxied, 50);
  await writeToListener(person.direct, 50);
  const direct = await writeToListener(person.direct, 300);
  const proxied = await writeToListener(person.proxied, 300);
  return [50, 95].map((rank) =>
    ratioRow(`write to live listener, p${rank}`, percentile(proxied, rank), percentile(direct, rank), 1.3),
  );
}

/** Everything once for one engine; `couchUrl` unset means the embedded one. */
async function benchmark(engine: string, couchUrl?: string): Promise<void> {
  const prefix = `bench${process.pid}-`;
  const server = await startServer({ prefix, ...(couchUrl ? { couchUrl } : {}) });
  // A process that is the proxy alone, so that its memory is not the engine's.
  const proxy = await startServer({ prefix, couchUrl: server.engineUrl });
  try {
    const parts: [string, () => Promise<Row[]>][] = [
      ['replication', () => replication(server, repeats)],
      ['latency', () => latency(server)],
      ['idle-memory', () => idleMemory(proxy)],
      ['idle-latency', () => idleLatency(server)],
      ['idle-streams', () => idleStreams(proxy)],
      ['streaming', () => streaming(proxy)],
      ['first-sync', () => firstSync(server, repeats)],
      ['together', () => together(server, proxy, repeats)],
      ['rest', () => restList(server, repeats)],
      ['validator', () => validatorCost(server, repeats, prefix)],
    ];
    const rows: Row[] = [];
    for (const [name, part] of parts) {
      if (!only || only.test(name)) rows.push(...(await part()));
    }
    printTable(`${engine}: Settee against the engine itself (medians of ${repeats})`, rows);
  } finally {
    await proxy.stop();
    if (couchUrl) await dropDatabases(couchUrl, prefix);
    await server.stop();
  }
}

async function dropDatabases(couchUrl: string, prefix: string): Promise<void> {
  const couch = new URL(couchUrl);
  const authorization = `Basic ${Buffer.from(`${couch.username}:${couch.password}`).toString('base64')}`;
  const answer = await fetch(`${couch.origin}/_all_dbs`, { headers: { authorization } });
  const names = ((await answer.json()) as string[]).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    await fetch(`${couch.origin}/${name}`, { method: 'DELETE', headers: { authorization } });
  }
}

if (!only || only.test('merge')) {
  printTable('Merges against copying and comparing plain JSON (medians)', await mergeCost(40));
}
await benchmark('Embedded engine');
if (process.env.COUCHDB_URL) await benchmark('CouchDB', process.env.COUCHDB_URL);
process.exit(0);
