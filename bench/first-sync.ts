import { randomUUID } from 'node:crypto';
import PouchDB from 'pouchdb';
import { createPouchOpener } from '../client-sync/pouch/open-pouch.ts';
import type { Pouch } from '../client-sync/pouch/pouch-types.ts';
import { realDocuments, smallDocuments } from './documents.ts';
import { openFillingBrowser, type Fill } from './first-sync/browser.ts';
import { fill, type Way } from './first-sync/fill.ts';
import { startRelay } from './first-sync/relay.ts';
import { newPerson, store, type Person } from './people.ts';
import type { ServerProcess } from './servers.ts';
import { median, milliseconds, type Row } from './table.ts';

const ways: { name: string; way: Way }[] = [
  { name: 'client-sync', way: 'client-sync' },
  { name: 'default', way: { plain: null } },
  { name: 'batch_size 1000', way: { plain: 1000 } },
];

/** What is aimed at, in times as quick as default PouchDB: in Chromium, by documents and round trip. */
const aims: Record<string, string> = {
  'small loopback': '≥ 3 ×',
  'real loopback': '≥ 2 ×',
  'small 50 ms': '≥ 6 ×',
  'real 50 ms': '≥ 6 ×',
};

async function memoryFill(): Promise<Fill> {
  const opener = await createPouchOpener('memory');
  return (_origin, options) => {
    const name = `first-sync-${randomUUID()}`;
    const openPlain = () => new PouchDB(name, { adapter: 'memory' }) as unknown as Pouch;
    return fill({ opener, openOurs: () => opener.openLocal(name), openPlain }, options);
  };
}

interface Case {
  what: string;
  repeats: number;
  aim: string;
  fillOnce: (way: Way) => Promise<number>;
}

/** One row for each of PouchDB's ways: ours against it, alternately, in the same run. */
async function compareWays({ what, repeats, aim, fillOnce }: Case): Promise<Row[]> {
  const times = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < repeats; round += 1) {
    const order = round % 2 === 0 ? ways : ways.toReversed();
    for (const { name, way } of order) times.get(name)?.push(await fillOnce(way));
  }
  const of = (name: string): number => median(times.get(name) ?? []);
  return ways.slice(1).map(({ name }) => ({
    what: `${what}, against PouchDB ${name}`,
    ours: milliseconds(of('client-sync')),
    baseline: milliseconds(of(name)),
    ratio: `${(of(name) / of('client-sync')).toFixed(1)} ×`,
    aim: name === 'default' ? aim : '-',
  }));
}

/**
 * How long a new device takes to be filled through the proxy: client-sync's bootstrap against PouchDB's replication,
 * into memory and, in Chromium, into IndexedDB; on loopback and with a round trip of 50 ms.
 */
export async function firstSync(server: ServerProcess, repeats: number): Promise<Row[]> {
  const sets = [
    { kind: 'small', name: '10,000 small documents', documents: smallDocuments(10_000) },
    { kind: 'real', name: '1,000 real flows', documents: realDocuments(1000) },
  ];
  const relay = await startRelay(server.url, 50);
  const places = [
    { adapter: 'memory', fillAt: await memoryFill() },
    { adapter: 'Chromium', fillAt: await openFillingBrowser() },
  ];
  const networks = [
    { network: 'loopback', origin: server.url },
    { network: '50 ms', origin: relay.url },
  ];
  const rows: Row[] = [];
  try {
    for (const { kind, name, documents } of sets) {
      const person: Person = await newPerson(server);
      await store(person.direct, documents);
      const { authorization } = person.proxied;
      for (const { adapter, fillAt } of places) {
        for (const { network, origin } of networks) {
          const url = `${origin}/db/${person.database}`;
          const options = { url, authorization, expected: documents.length };
          rows.push(
            ...(await compareWays({
              what: `first sync of ${name}, ${adapter}, ${network}`,
              repeats,
              aim: adapter === 'Chromium' ? (aims[`${kind} ${network}`] ?? '-') : '-',
              fillOnce: (way) => fillAt(origin, { ...options, way }),
            })),
          );
        }
      }
    }
  } finally {
    await relay.close();
  }
  return rows;
}
